-- Schema version 6: energy, as power meters measured it or as a stated model gives it.

-- Raw samples: files of the folder of captures beside the database, named by their content.
create table capture (
  capture_key   integer primary key,
  sha256        text not null unique,
  file          text not null,             -- in that folder
  bytes         integer not null,
  samples       integer not null,
  started_at_ns integer not null,
  removed_at_ns integer                    -- NULL: it is there; else quota or age took it away
);

-- A measurement by a meter: of a cell, or (cell_key NULL) of the cold starts of a session.
create table energy (
  energy_key     integer primary key,
  session_key    integer not null references session,
  cell_key       integer references cell,
  tier           text not null check (tier in ('hardware', 'modelled')),  -- the energy's own
  meter          text not null,
  started_at_ns  integer not null,
  sample_rate_hz real not null,            -- as it was measured; 0: samples are not equally spaced
  supply_mv      real not null,
  idle_before_uw real not null,
  idle_after_uw  real not null,
  doubts         text,                     -- JSON array; NULL: none
  capture_key    integer references capture
);
create unique index energy_by_cell on energy (cell_key) where cell_key is not null;
create unique index energy_by_session on energy (session_key) where cell_key is null;

-- Sums over the generations of the pass.
create table energy_phase (
  energy_key                 integer not null references energy,
  phase                      integer not null check (phase between 0 and 4),  -- idle, boot, load, prefill, decode
  generations                integer not null,
  tokens                     integer not null,
  gross_uj                   real not null,
  net_uj                     real,         -- NULL: idle, which has none
  charge_uc                  real not null,
  mean_uw                    real not null,
  peak_uw                    real not null,
  duration_ns                integer not null,
  expanded_uncertainty_uj    real not null,
  comparative_uncertainty_uj real not null,
  samples                    integer not null,
  lost_samples               integer not null,
  saturated_samples          integer not null,
  invalid_samples            integer not null,
  range_switches             integer not null,
  filtered_difference_uj     real not null,
  terms                      text not null,  -- JSON array of [name, standard_uj, comparative_uj, degrees of freedom]
  doubts                     text,           -- JSON array, the measurement's own included; NULL: none
  primary key (energy_key, phase)
) without rowid;

create table energy_generation (
  energy_key                 integer not null references energy,
  place                      integer not null,  -- in the order in which they ran
  prompt_key                 integer not null references prompt,
  repeat                     integer not null,
  start_ns                   integer not null,  -- since the first sample of the capture
  duration_ns                integer not null,
  gross_uj                   real not null,
  net_uj                     real not null,
  expanded_uncertainty_uj    real not null,
  comparative_uncertainty_uj real not null,
  token_net_uj               text,              -- JSON array, one a token; NULL: tokens_refused says why
  token_duration_ns          text,
  tokens_refused             text,
  primary key (energy_key, place)
) without rowid;

-- The common columns, with the tier of the energy in the place of the board's. Not public.
create view energy_columns as
select e.energy_key, k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant,
       k.suite, k.settings, k.build, e.tier
  from energy e join cell_columns k using (cell_key)
union all
select e.energy_key, k.run_id, k.session_id, null, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant,
       null, k.settings, k.build, e.tier
  from energy e join session_columns k using (session_key) where e.cell_key is null;

create view v_energy as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       case p.phase when 0 then 'idle' when 1 then 'boot' when 2 then 'load' when 3 then 'prefill' else 'decode' end
         as phase,
       p.generations, p.tokens, p.gross_uj, p.net_uj, p.expanded_uncertainty_uj, p.comparative_uncertainty_uj,
       p.duration_ns, p.lost_samples,
       case when p.doubts is null then 'ok' else (select group_concat(value, '; ') from json_each(p.doubts)) end
         as trust
  from energy_phase p join energy_columns k using (energy_key);

create view v_generation_energy as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat, g.net_uj, g.expanded_uncertainty_uj
  from energy_generation g join energy_columns k using (energy_key) join prompt p using (prompt_key);

create view v_token_energy as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat, t.key as token_index, cast(t.value as real) as net_uj
  from energy_generation g join energy_columns k using (energy_key) join prompt p using (prompt_key)
  join json_each(g.token_net_uj) t;

create view v_energy_budget as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       case p.phase when 0 then 'idle' when 1 then 'boot' when 2 then 'load' when 3 then 'prefill' else 'decode' end
         as phase,
       json_extract(t.value, '$[0]') as term, cast(json_extract(t.value, '$[1]') as real) as standard_uncertainty_uj,
       cast(json_extract(t.value, '$[2]') as real) as comparative_standard_uncertainty_uj,
       cast(json_extract(t.value, '$[3]') as real) as degrees_of_freedom
  from energy_phase p join energy_columns k using (energy_key) join json_each(p.terms) t;
