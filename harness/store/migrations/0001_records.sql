-- Schema version 1: the records of runs, as they were measured.
--
-- Integer keys join the tables; the UUIDs and names that people use stand once, in the row that they name. Durations
-- are raw ticks of the device; session.tick_numerator / tick_denominator say what they mean. An empty text of a
-- record is NULL here.

create table plan_text (
  plan_key integer primary key,
  sha256   blob not null unique,
  text     text not null
);

create table run (
  run_key       integer primary key,
  run_id        text not null unique,
  label         text,
  build         text,
  commit_sha    text,
  plan_name     text not null,
  plan_key      integer not null references plan_text,
  rig_name      text not null,
  started_at_ns integer not null,
  ended_at_ns   integer,           -- NULL: running, or its process died
  interrupted   integer not null default 0,
  busy_share    real
);
create index run_by_label on run (label) where label is not null;
create index run_by_start on run (started_at_ns);

create table session (
  session_key           integer primary key,
  session_id            text not null unique,
  run_key               integer not null references run,
  bench                 text not null,
  unit_id               text,
  board                 text not null,
  engine                text,
  engine_version        text,
  kernel_isa            text,
  model                 text not null,
  variant               text not null,
  tier                  text not null check (tier in ('hardware', 'emulated', 'functional', 'modelled')),
  counts_instructions   integer not null,  -- 1: ticks become instructions, 0: nanoseconds
  tick_numerator        integer not null check (tick_numerator > 0),
  tick_denominator      integer not null check (tick_denominator > 0),
  tick_source           text,
  agent_build_id        text,
  image_sha256          text,              -- as the device computed it from what it holds
  model_sha256          text,
  image_bytes           integer not null,
  context_tokens        integer not null,
  weight_macs_per_token integer not null,
  ordinal               integer not null,
  attempt               integer not null,
  started_at_ns         integer not null,
  ended_at_ns           integer
);
create index session_by_run on session (run_key);

-- Why an attempt at a session was given up; the session's own row is the last attempt.
create table retry (
  session_key integer not null references session,
  attempt     integer not null,
  reason      text not null,
  primary key (session_key, attempt)
) without rowid;

create table cell (
  cell_key    integer primary key,
  cell_id     text not null unique,
  session_key integer not null references session,
  suite       text not null,
  settings    text not null,
  status      text check (status in ('ok', 'failed', 'unfit', 'not_applicable', 'interrupted')),  -- NULL: not ended
  reason      text,
  doubts      text,                        -- JSON array of reasons not to trust it; NULL: none
  ended_at_ns integer,
  busy_ns     integer not null default 0
);
create index cell_by_session on cell (session_key);

-- Prompts recur every night: their names and texts stand once.
create table prompt (
  prompt_key integer primary key,
  prompt_id  text not null,
  sha256     blob not null,                -- of the text; empty where it is not known
  text       text,                         -- NULL where the suite keeps its texts private
  unique (prompt_id, sha256)
);

create table generation (
  generation_key     integer primary key,
  cell_key           integer not null references cell,
  prompt_key         integer not null references prompt,
  repeat             integer not null,
  prompt_tokens      integer not null,
  generated_tokens   integer not null,
  finish             integer not null check (finish in (0, 1, 2)),  -- end_token, length, context_full
  encode_ticks       integer not null,
  prefill_ticks      integer not null,
  first_sample_ticks integer not null,
  ttft_ticks         integer,              -- token_ticks[0]; NULL: no token
  decode_ticks       integer not null,     -- sum of token_ticks[1..]
  total_ticks        integer not null,
  token_ticks        text not null,        -- JSON array, one a token
  token_ids          text,                 -- JSON array, one a token; NULL where texts are private
  token_ids_sha256   blob not null,
  output_text        text,                 -- NULL where texts are private
  correct            integer,              -- NULL: the prompt has no checks
  failed_checks      text,                 -- JSON array; NULL: none
  matches_reference  integer,              -- NULL: the host's answer is not known
  started_at_ns      integer not null,
  unique (cell_key, prompt_key, repeat)
);

create table cold_start (
  session_key         integer not null references session,
  repeat              integer not null,
  origin              text not null,
  boot_ticks          integer not null,
  load_ticks          integer not null,
  first_prefill_ticks integer not null,
  first_token_ticks   integer not null,
  primary key (session_key, repeat)
) without rowid;

create table memory (
  session_key integer not null references session,
  class       text not null,
  bytes       integer not null,
  primary key (session_key, class)
) without rowid;

-- Provenance. Most facts are the same every night, so a fact stands once.
create table fact (
  fact_key integer primary key,
  name     text not null,
  value    text not null,
  unique (name, value)
);
create table run_fact (
  run_key  integer not null references run,
  fact_key integer not null references fact,
  primary key (run_key, fact_key)
) without rowid;
create table session_fact (
  session_key integer not null references session,
  fact_key    integer not null references fact,
  primary key (session_key, fact_key)
) without rowid;

-- Device transcripts and emulators' output, compressed with zstd (`slmrig show` unpacks them).
create table log (
  log_key     integer primary key,
  session_key integer not null references session,
  attempt     integer not null,
  name        text not null,
  text_bytes  integer not null,
  zstd        blob not null
);
create index log_by_session on log (session_key);

-- What was deployed, by its hash.
create table artifact (
  sha256 text primary key,
  kind   text not null check (kind in ('image', 'model')),
  name   text not null,
  bytes  integer
) without rowid;
