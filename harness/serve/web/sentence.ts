// The overview in one sentence.
import {counted} from '../../../reports/web/format';
import type {Live, OpenRun} from './live_types';

function name_of({label, plan}: {readonly label: string; readonly plan: string}): string {
  return label ? `${plan} (${label})` : plan;
}

export function progress_text({cells_ended, cells_begun, cells_planned}: OpenRun): string {
  return cells_planned === null ? `${cells_ended} of ${cells_begun} cells begun so far have ended`
      : `${cells_ended} of ${counted(cells_planned, 'cell', 'cells')}`;
}

export function sentence_of(live: Live): string {
  const [first, ...others] = live.open;
  if (first) {
    const more = others.length + live.open_left_out;
    const rest = more > 0 ? ` ${counted(more, 'other run has', 'other runs have')} not ended either.` : '';
    return `Plan ${name_of(first)}: ${progress_text(first)}.${rest}`;
  }
  const newest = live.runs[0];
  return newest ? `No run is in progress. The newest is ${name_of(newest)}.` : 'The database holds no run yet.';
}
