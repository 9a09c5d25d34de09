-- Schema version 5: answers that are the suite's fallback text.

-- Why: 1 the latency budget was used up, 2 the answer had not the form the suite asks for. NULL: the model's own words.
-- Where the budget stopped a generation, finish says 1 (length).
alter table generation add column fallback integer check (fallback in (1, 2));

drop view v_answer;
create view v_answer as
select k.run_id, k.session_id, k.cell_id, k.bench, k.unit_id, k.board, k.engine, k.model, k.variant, k.suite,
       k.settings, k.build, k.tier,
       p.prompt_id, g.repeat,
       case g.finish when 0 then 'end_token' when 1 then 'length' else 'context_full' end as finish,
       g.correct, g.failed_checks, g.matches_reference, lower(hex(g.token_ids_sha256)) as token_ids_sha256,
       lower(hex(p.sha256)) as prompt_sha256, p.text as prompt_text, g.output_text,
       case g.fallback when 1 then 'budget' when 2 then 'form' end as fallback
  from generation g join cell_columns k using (cell_key) join prompt p using (prompt_key);
