// A generation's power over time, unpacked, and what the board was doing at any moment of it.
import type {Metered} from './energy_data';
import {unpack_integers} from './packed';
import type {PowerTrace} from './report_types';

export type PowerPhase = 'idle' | 'prefill' | 'decode' | 'generation';

// From one time to the next, in ns since the generation began.
export interface PhaseSpan {
  readonly phase: PowerPhase;
  readonly from_ns: number;
  readonly to_ns: number;
}

export interface PowerCurve {
  readonly metered: Metered;
  readonly trace: PowerTrace;
  // [steps]; the middle of each step, and microwatts.
  readonly time_ns: Float64Array;
  readonly lowest_uw: Float64Array;
  readonly mean_uw: Float64Array;
  readonly highest_uw: Float64Array;
  readonly spans: readonly PhaseSpan[];
  // [tokens], or empty where they cannot be told apart.
  readonly token_ends_ns: Float64Array;
  readonly token_net_uj: Float64Array;
}

function spans_of(trace: PowerTrace, end_ns: number): readonly PhaseSpan[] {
  const {first_ns, duration_ns, prefill_ns} = trace;
  const inside: readonly PhaseSpan[] = prefill_ns === null ?
      [{phase: 'generation', from_ns: 0, to_ns: duration_ns}] :
      [{phase: 'prefill', from_ns: 0, to_ns: prefill_ns}, {phase: 'decode', from_ns: prefill_ns, to_ns: duration_ns}];
  const all: readonly PhaseSpan[] = [{phase: 'idle', from_ns: first_ns, to_ns: 0}, ...inside,
    {phase: 'idle', from_ns: duration_ns, to_ns: end_ns}];
  return all.filter(({from_ns, to_ns}) => to_ns > from_ns);
}

export function power_curve(metered: Metered): PowerCurve | null {
  const {trace} = metered.energy;
  if (!trace) return null;
  const microwatts = (packed: string) => unpack_integers(packed).map((nanowatts) => nanowatts / 1e3);
  const mean_uw = microwatts(trace.mean_nw);
  return {metered, trace, mean_uw, lowest_uw: microwatts(trace.lowest_nw), highest_uw: microwatts(trace.highest_nw),
    time_ns: mean_uw.map((_, at) => trace.first_ns + (at + 0.5) * trace.step_ns),
    spans: spans_of(trace, trace.first_ns + mean_uw.length * trace.step_ns),
    token_ends_ns: unpack_integers(trace.token_ends_ns),
    token_net_uj: unpack_integers(trace.token_net_nj).map((nanojoules) => nanojoules / 1e3)};
}

export function phase_at(curve: PowerCurve, time_ns: number): PowerPhase {
  return curve.spans.find(({from_ns, to_ns}) => time_ns >= from_ns && time_ns < to_ns)?.phase ?? 'idle';
}

// The token that was being made; null: none, or nobody can tell.
export function token_at(curve: PowerCurve, time_ns: number): number | null {
  if (time_ns < 0) return null;
  const at = curve.token_ends_ns.findIndex((end_ns) => time_ns < end_ns);
  return at < 0 ? null : at;
}
