-- Schema version 8: history: releases, findings, imported figures, thinned traces, windows of energy.

-- NULL: measured here. Else the format of the file that the run's figures came from: 'google-benchmark', 'llama-bench'.
alter table run add column imported_from text;

-- What a prompt asks for, by the suite's check; of a private suite a short hash. NULL: it has no such check.
alter table prompt add column intent text;

-- NULL: the traces of its generations are there; else when `slmrig db prune` took them away. Figures stay.
alter table cell add column traces_removed_at_ns integer;

-- An energy's tier is its own, and so are its doubts. NULL: those of the session and of the cell.
alter table series_value add column tier text check (tier in ('hardware', 'emulated', 'functional', 'modelled'));
alter table series_value add column doubts text;  -- JSON array; NULL: none of its own

-- A release is what was pinned under a name: runs, and what was measured in them.
create table release (
  release_key  integer primary key,
  name         text not null unique,
  pinned_at_ns integer not null,
  note         text
);
create table release_run (
  release_key integer not null references release,
  run_key     integer not null references run,
  primary key (release_key, run_key)
) without rowid;
create index release_run_by_run on release_run (run_key);
create table release_artifact (
  release_key integer not null references release,
  sha256      text not null,
  kind        text not null check (kind in ('agent', 'image', 'model')),
  name        text not null,               -- board of an agent, model and variant of an image, model
  bytes       integer,
  file        text,                        -- in the folder of artifacts beside the database; NULL: no copy was kept
  primary key (release_key, kind, sha256, name)
) without rowid;

-- The energy pass in windows of repeated generations, where the plan asks for them: the median one counts.
create table energy_window (
  energy_key                 integer not null references energy,
  place                      integer not null,  -- in the order in which they ran
  generations                integer not null,
  duration_ns                integer not null,  -- of the generations, without what lies between them
  gross_uj                   real not null,     -- of all of them
  net_uj                     real not null,
  expanded_uncertainty_uj    real not null,     -- of net_uj
  comparative_uncertainty_uj real not null,
  primary key (energy_key, place)
) without rowid;

-- A change in a series that statistics support, over the nights. Identity is the series and its onset, which may move
-- by some nights. Text that does not apply is ''.
create table finding (
  finding_key      integer primary key,
  finding_id       text not null unique,
  bench            text not null,
  engine           text not null,
  model            text not null,
  variant          text not null,
  suite            text not null,          -- '': the metric belongs to the session
  settings         text not null,
  metric           text not null,
  tier             text not null check (tier in ('hardware', 'emulated', 'functional', 'modelled')),
  unit_id          text not null,          -- the segment
  state            text not null check (state in ('new', 'ongoing', 'acknowledged', 'resolved')),
  level            text not null check (level in ('watch', 'alert')),
  direction        text not null check (direction in ('regression', 'improvement', 'trade', 'change')),
  cause            text not null,          -- 'code', 'rig', 'model', 'unknown'
  onset_session    text not null,          -- session_id of the first point of the new level
  onset_at_ns      integer not null,
  onset_low_at_ns  integer not null,       -- the onset lies between these (95 %)
  onset_high_at_ns integer not null,
  last_good_commit text not null,
  first_bad_commit text not null,
  before_value     real not null,
  after_value      real not null,
  effect_low       real not null,          -- of after - before, 95 %
  effect_high      real not null,
  p_value          real not null,
  q_value          real not null,
  nights           integer not null,       -- on which it was seen
  first_seen_at_ns integer not null,       -- newest session of the history when it was found
  last_seen_at_ns  integer not null,       -- and when it was last confirmed
  detail           text not null           -- JSON: attribution, joined metrics, samples before and after
);
create index finding_by_series on finding (bench, model, variant, suite, metric);
create index finding_by_state on finding (state);

-- What happened to a finding; append-only.
create table finding_event (
  finding_key integer not null references finding,
  sequence    integer not null,            -- 1, 2, ...
  at_ns       integer not null,
  event       text not null check (event in ('found', 'confirmed', 'alerted', 'moved', 'acknowledged', 'reopened',
                                             'resolved')),
  who         text not null,
  reason      text not null,
  primary key (finding_key, sequence)
) without rowid;

create view v_release as
select l.name, l.pinned_at_ns, l.note, r.run_id, r.label, r.build, r.commit_sha
  from release l join release_run using (release_key) join run r using (run_key);

create view v_release_artifact as
select l.name, a.kind, a.name as artifact, a.sha256, a.bytes, a.file
  from release l join release_artifact a using (release_key);

create view v_energy_window as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       w.place as window, w.generations, w.duration_ns, w.gross_uj / w.generations as gross_uj_per_generation,
       w.net_uj / w.generations as net_uj_per_generation,
       w.expanded_uncertainty_uj / w.generations as expanded_uncertainty_uj_per_generation,
       w.comparative_uncertainty_uj / w.generations as comparative_uncertainty_uj_per_generation
  from energy_window w join energy_columns k using (energy_key);

create view v_finding as
select finding_id, bench, engine, model, variant, suite, settings, metric, tier, unit_id, state, level, direction,
       cause, onset_session, onset_at_ns, onset_low_at_ns, onset_high_at_ns, last_good_commit, first_bad_commit,
       before_value, after_value, effect_low, effect_high, p_value, q_value, nights, first_seen_at_ns,
       last_seen_at_ns, detail
  from finding;

create view v_finding_event as
select f.finding_id, e.sequence, e.at_ns, e.event, e.who, e.reason
  from finding_event e join finding f using (finding_key);

-- A figure's tier is its own where it has one.
drop view v_series;
create view v_series as
select k.run_id, k.session_id, c.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, c.suite,
       coalesce(c.settings, k.settings) as settings, k.build, coalesce(v.tier, k.tier) as tier,
       m.name as metric, m.unit, s.started_at_ns, v.samples, v.value, r.commit_sha, s.agent_build_id, s.image_sha256
  from series_value v join metric m using (metric_key) join session_columns k using (session_key)
  join session s using (session_key) join run r using (run_key) left join cell c using (cell_key);

drop view v_run;
create view v_run as
select r.run_id, r.label, r.build, r.commit_sha, r.plan_name, r.rig_name, r.started_at_ns, r.ended_at_ns,
       r.interrupted, r.busy_share, p.text as plan_text, r.imported_from
  from run r join plan_text p using (plan_key);

drop view v_answer;
create view v_answer as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat,
       case g.finish when 0 then 'end_token' when 1 then 'length' else 'context_full' end as finish,
       g.correct, g.failed_checks, g.matches_reference, lower(hex(g.token_ids_sha256)) as token_ids_sha256,
       lower(hex(p.sha256)) as prompt_sha256, p.text as prompt_text, g.output_text,
       case g.fallback when 1 then 'budget' when 2 then 'form' end as fallback, p.intent
  from generation g join cell_columns k using (cell_key) join prompt p using (prompt_key);
