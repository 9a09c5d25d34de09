-- Schema version 2: series values, and the public views (harness/store/README.md says what scripts may rely on).

create table metric (
  metric_key integer primary key,
  name       text not null unique,
  unit       text not null,
  better     text not null check (better in ('lower', 'higher'))
);

create table series_value (
  series_value_key integer primary key,
  session_key      integer not null references session,
  cell_key         integer references cell,  -- NULL: the metric belongs to the session
  metric_key       integer not null references metric,
  samples          integer not null,
  value            real not null
);
create index series_value_by_session on series_value (session_key);
create index series_value_by_metric on series_value (metric_key);
create index series_value_by_cell on series_value (cell_key) where cell_key is not null;

-- The columns with which every public view begins, and what turns ticks into figures. Not public.
--
-- A figure is ticks * n / d rounded half up, written as (t / d) * n + ((t % d) * n * 2 + d) / (d * 2) so that no
-- product leaves 63 bits. is_ns and is_instructions are 1 or NULL: a column of the wrong unit is NULL by itself, and
-- an emulated board has no time whatever its ticks are called.
create view session_columns as
select s.session_key, r.run_id, s.session_id, s.bench, s.unit_id, s.board, s.engine, s.model, s.variant,
       case when s.context_tokens > 0 then 'ctx=' || s.context_tokens end as settings, r.build, s.tier,
       s.tick_numerator as n, s.tick_denominator as d,
       case when s.counts_instructions = 0 and s.tier in ('hardware', 'modelled') then 1 end as is_ns,
       case when s.counts_instructions = 1 and s.tier <> 'functional' then 1 end as is_instructions
  from session s join run r using (run_key);

create view cell_columns as
select c.cell_key, s.session_key, r.run_id, s.session_id, c.cell_id, s.bench, s.unit_id, s.board, s.engine, s.model,
       s.variant, c.suite, c.settings, r.build, s.tier,
       s.tick_numerator as n, s.tick_denominator as d,
       case when s.counts_instructions = 0 and s.tier in ('hardware', 'modelled') then 1 end as is_ns,
       case when s.counts_instructions = 1 and s.tier <> 'functional' then 1 end as is_instructions
  from cell c join session s using (session_key) join run r using (run_key);

create view v_cell as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       coalesce(c.status, 'interrupted') as status,
       case when c.status is null then 'did not end' else c.reason end as reason,
       case when c.doubts is not null then (select group_concat(value, '; ') from json_each(c.doubts))
            when c.status = 'ok' then 'ok' end as trust
  from cell c join cell_columns k using (cell_key);

create view v_generation as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat, g.prompt_tokens, g.generated_tokens,
       k.is_ns * ((g.ttft_ticks / k.d) * k.n + ((g.ttft_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as ttft_ns,
       k.is_ns * ((g.decode_ticks / k.d) * k.n + ((g.decode_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as decode_ns,
       k.is_instructions * ((g.ttft_ticks / k.d) * k.n + ((g.ttft_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as ttft_instructions,
       k.is_instructions * ((g.decode_ticks / k.d) * k.n + ((g.decode_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as decode_instructions,
       g.correct, g.output_text
  from generation g join cell_columns k using (cell_key) join prompt p using (prompt_key);

create view v_token as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat, t.key as token_index,
       json_extract(g.token_ids, '$[' || t.key || ']') as token_id,
       k.is_ns * ((t.value / k.d) * k.n + ((t.value % k.d) * k.n * 2 + k.d) / (k.d * 2)) as duration_ns,
       k.is_instructions * ((t.value / k.d) * k.n + ((t.value % k.d) * k.n * 2 + k.d) / (k.d * 2)) as instructions
  from generation g join cell_columns k using (cell_key) join prompt p using (prompt_key),
       json_each(g.token_ticks) t;

-- A cold start and the memory belong to a session, so cell_id and suite are NULL.
create view v_cold_start as
select k.run_id, k.session_id, null as cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant,
       null as suite, k.settings, k.build, k.tier,
       c.repeat, c.origin,
       k.is_ns * ((c.boot_ticks / k.d) * k.n + ((c.boot_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as boot_ns,
       k.is_ns * ((c.load_ticks / k.d) * k.n + ((c.load_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as load_ns,
       k.is_ns * ((c.first_prefill_ticks / k.d) * k.n + ((c.first_prefill_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as first_prefill_ns,
       k.is_ns * ((c.first_token_ticks / k.d) * k.n + ((c.first_token_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as first_token_ns,
       k.is_ns * ((c.total_ticks / k.d) * k.n + ((c.total_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2)) as total_ns,
       k.is_instructions * ((c.total_ticks / k.d) * k.n + ((c.total_ticks % k.d) * k.n * 2 + k.d) / (k.d * 2))
         as total_instructions
  from (select *, boot_ticks + load_ticks + first_prefill_ticks + first_token_ticks as total_ticks from cold_start) c
  join session_columns k using (session_key);

create view v_memory as
select k.run_id, k.session_id, null as cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant,
       null as suite, k.settings, k.build, k.tier,
       m.class, m.bytes
  from memory m join session_columns k using (session_key);

create view v_series as
select k.run_id, k.session_id, c.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, c.suite,
       coalesce(c.settings, k.settings) as settings, k.build, k.tier,
       m.name as metric, m.unit, s.started_at_ns, v.samples, v.value, r.commit_sha, s.agent_build_id, s.image_sha256
  from series_value v join metric m using (metric_key) join session_columns k using (session_key)
  join session s using (session_key) join run r using (run_key) left join cell c using (cell_key);

create view v_answer as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat,
       case g.finish when 0 then 'end_token' when 1 then 'length' else 'context_full' end as finish,
       g.correct, g.failed_checks, g.matches_reference, lower(hex(g.token_ids_sha256)) as token_ids_sha256,
       lower(hex(p.sha256)) as prompt_sha256, p.text as prompt_text, g.output_text
  from generation g join cell_columns k using (cell_key) join prompt p using (prompt_key);

create view v_provenance as
select r.run_id, null as session_id, f.name, f.value
  from run_fact x join run r using (run_key) join fact f using (fact_key)
union all
select r.run_id, s.session_id, f.name, f.value
  from session_fact x join session s using (session_key) join run r using (run_key) join fact f using (fact_key);

create view v_run as
select r.run_id, r.label, r.build, r.commit_sha, r.plan_name, r.rig_name, r.started_at_ns, r.ended_at_ns,
       r.interrupted, r.busy_share, p.text as plan_text
  from run r join plan_text p using (plan_key);

create view v_session as
select k.run_id, k.session_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.settings, k.build, k.tier,
       s.engine_version, s.kernel_isa, s.tick_source, s.agent_build_id, s.image_sha256, s.model_sha256, s.image_bytes,
       s.context_tokens, s.weight_macs_per_token, s.ordinal, s.attempt, s.started_at_ns, s.ended_at_ns
  from session s join session_columns k using (session_key);
