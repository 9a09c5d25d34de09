-- Schema version 3: the profile pass, and how keys and values were kept.

alter table session add column kv text check (kv in ('f16', 'int8'));  -- NULL: f32

-- Sums over the generations of a cell's profile pass, which runs after timing and memory.
create table profile_phase (
  cell_key         integer not null references cell,
  phase            integer not null check (phase in (0, 1)),  -- prefill, decode
  generations      integer not null,
  tokens           integer not null,
  ticks            integer not null,       -- as the device timed the phase in this pass
  subtracted_ticks integer not null,       -- what looking at the clock cost; the operators add up to the rest
  primary key (cell_key, phase)
) without rowid;

create table profile_operator (
  cell_key integer not null references cell,
  phase    integer not null check (phase in (0, 1)),
  place    integer not null,               -- in the order in which the engine reports them
  layer    integer,                        -- NULL: of no layer
  operator text not null,
  calls    integer not null,
  ticks    integer not null,
  macs     integer not null,
  bytes    integer not null,
  primary key (cell_key, phase, place)
) without rowid;

create view v_profile as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       o.layer, o.operator, o.calls,
       k.is_ns * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as duration_ns,
       k.is_instructions * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as instructions,
       o.macs, o.bytes,
       case o.phase when 0 then 'prefill' else 'decode' end as phase, p.tokens
  from profile_operator o join profile_phase p using (cell_key, phase) join cell_columns k using (cell_key);

-- What belongs to a session says how keys and values were kept, as its cells' settings do.
drop view session_columns;
create view session_columns as
select s.session_key, r.run_id, s.session_id, s.bench, s.unit_id, s.board, s.engine, s.model, s.variant,
       case when s.context_tokens > 0 then 'ctx=' || s.context_tokens || coalesce(' kv=' || s.kv, '') end as settings,
       r.build, s.tier,
       s.tick_numerator as n, s.tick_denominator as d,
       case when s.counts_instructions = 0 and s.tier in ('hardware', 'modelled') then 1 end as is_ns,
       case when s.counts_instructions = 1 and s.tier <> 'functional' then 1 end as is_instructions
  from session s join run r using (run_key);
