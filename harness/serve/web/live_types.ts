// Generated from ../live.schema.json by schema_types.mjs; change that file and run it again.

export type LiveTier = 'hardware' | 'emulated' | 'functional' | 'modelled';

export type LiveStatus = 'ok' | 'failed' | 'unfit' | 'not_applicable' | 'interrupted';

export interface LiveCells {
  readonly ok: number;
  readonly failed: number;
  readonly unfit: number;
  readonly not_applicable: number;
  readonly interrupted: number;  // Of a run that has not ended: 0; what goes on stands in its benches.
}

export interface LiveRun {
  readonly run_id: string;
  readonly label: string;
  readonly plan: string;
  readonly rig: string;
  readonly build: string;
  readonly commit_sha: string;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly interrupted: boolean;
  readonly cells: LiveCells;
}

export interface CurrentCell {
  readonly suite: string;
  readonly settings: string;
  readonly generations: number;  // Answers so far.
}

// A bench of a run that has not ended; model, variant, tier and unit are those of its newest session.
export interface LiveBench {
  readonly bench: string;
  readonly board: string;
  readonly unit_id: string;
  readonly tier: LiveTier;
  readonly model: string;
  readonly variant: string;
  readonly attempt: number;
  readonly session_ended: boolean;
  readonly cell: CurrentCell | null;  // The one that is measured now.
  readonly cells_begun: number;
  readonly cells: LiveCells;  // That have ended.
  readonly newest_at_ms: number;  // When the newest record of this bench was made.
}

export interface OpenRun {
  readonly run_id: string;
  readonly label: string;
  readonly plan: string;
  readonly build: string;
  readonly started_at_ms: number;
  readonly newest_at_ms: number;  // When its newest record was made.
  readonly cells_ended: number;
  readonly cells_begun: number;
  readonly cells_planned: number | null;
  readonly benches: readonly LiveBench[];
}

export interface LiveResult {
  readonly cell_id: string;
  readonly run_id: string;
  readonly bench: string;
  readonly board: string;
  readonly model: string;
  readonly variant: string;
  readonly suite: string;
  readonly settings: string;
  readonly tier: LiveTier;
  readonly unit: 'ns' | 'instructions' | 'none';
  readonly status: LiveStatus;
  readonly reason: string;
  readonly doubts: readonly string[];
  readonly ended_at_ms: number | null;
  readonly generations: number;
  readonly checked: number;  // Answers whose prompts have checks.
  readonly correct: number;
  readonly ttft_mean: number | null;  // Mean cost from the prompt to the first token, in `unit`.
  readonly token_mean: number | null;  // Mean cost of a decode token (index 1 and later), in `unit`.
}

// What the server's overview shows. The page's types are generated from this file and the page checks what it gets against it; the writer's unit tests check what they write. Times are milliseconds since 1970, UTC. An absent figure is null, never 0.
export interface Live {
  readonly format: 1;
  readonly database: string;  // The file's name.
  readonly runs: readonly LiveRun[];  // Newest first.
  readonly runs_left_out: number;
  readonly open: readonly OpenRun[];  // Runs that have not ended, newest first: they go on, or their process died.
  readonly open_left_out: number;
  readonly newest: readonly LiveResult[];  // Cells that ended last, of all runs, newest first.
}
