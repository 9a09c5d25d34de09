-- Schema version 7: the power of one generation over time, thinned for looking at.

-- NULL: written by an older version, or nothing told where the first token was.
alter table energy_generation add column prefill_ns integer;

create table power_trace (
  energy_key integer primary key references energy,
  place      integer not null,  -- of its generation in energy_generation
  start_ns   integer not null,  -- of the first step, since the first sample of the capture
  step_ns    integer not null,
  points     text not null      -- JSON array of [lowest, mean, highest] microwatts, one a step
);

create view v_power_trace as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat, t.start_ns + s.key * t.step_ns - g.start_ns as time_ns, t.step_ns,
       cast(json_extract(s.value, '$[0]') as real) as lowest_uw, cast(json_extract(s.value, '$[1]') as real) as mean_uw,
       cast(json_extract(s.value, '$[2]') as real) as highest_uw
  from power_trace t join energy_columns k using (energy_key)
  join energy_generation g on g.energy_key = t.energy_key and g.place = t.place
  join prompt p using (prompt_key) join json_each(t.points) s;
