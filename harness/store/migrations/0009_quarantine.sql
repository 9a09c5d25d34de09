-- Schema version 9: benches that were taken out of service.

-- What people decided of a bench; append-only. The newest one counts.
create table bench_event (
  bench  text not null,
  at_ns  integer not null,
  event  text not null check (event in ('quarantined', 'released')),
  who    text not null,
  reason text not null,
  primary key (bench, at_ns, event)
) without rowid;

create view v_bench_event as
select bench, at_ns, event, who, reason from bench_event;

-- Benches that are out of service now.
create view v_quarantine as
select e.bench, e.at_ns as since_ns, e.who, e.reason
  from bench_event e
 where e.event = 'quarantined'
   and not exists (select 1 from bench_event n where n.bench = e.bench and n.at_ns > e.at_ns);
