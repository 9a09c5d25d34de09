-- Schema version 4: what a board can do at most, and which kernel an operator multiplies with.

alter table profile_operator add column kernel text;  -- a name in roofline; NULL: it multiplies by no weights

create table roofline (
  session_key integer not null references session,
  place       integer not null,               -- in the order in which the engine reports them
  kind        integer not null check (kind in (0, 1)),  -- kernel, memory
  name        text not null,
  tokens      integer,                        -- that a kernel multiplied at once; NULL: a memory
  macs        integer not null,
  bytes       integer not null,
  ticks       integer not null,
  missing     text,                           -- why it was not measured; the figures are then 0
  primary key (session_key, place)
) without rowid;

create view v_roofline as
select k.run_id, k.session_id, null as cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant,
       null as suite, k.settings, k.build, k.tier,
       case o.kind when 0 then 'kernel' else 'memory' end as kind, o.name,
       o.was_measured * o.macs as macs, o.was_measured * o.bytes as bytes,
       o.was_measured * k.is_ns * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as duration_ns,
       o.was_measured * k.is_instructions * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as instructions,
       o.tokens, o.missing
  from (select *, case when missing is null then 1 end as was_measured from roofline) o
  join session_columns k using (session_key);

drop view v_profile;
create view v_profile as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       o.layer, o.operator, o.calls,
       k.is_ns * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as duration_ns,
       k.is_instructions * ((o.ticks / k.d) * k.n + ((o.ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as instructions,
       o.macs, o.bytes,
       case o.phase when 0 then 'prefill' else 'decode' end as phase, p.tokens, o.kernel
  from profile_operator o join profile_phase p using (cell_key, phase) join cell_columns k using (cell_key);
