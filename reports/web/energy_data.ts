// What was metered, from the rows in view: an energy belongs to a cell, or (cold starts) to a session.
import type {FigureText} from './format';
import {energy_figure, joined, three_digits} from './format';
import type {Row} from './model';
import {unique} from './model';
import type {AnswerEnergy, Energy, EnergyPhase, Session} from './report_types';

export interface Metered {
  readonly row: Row;
  readonly session: Session;
  readonly suite: string;  // '': the session's cold starts
  readonly energy: Energy;
}

export function metered_of(rows: readonly Row[]): readonly Metered[] {
  return rows.flatMap((row) => row.cell.energy === null ? [] :
      [{row, session: row.session, suite: row.cell.suite, energy: row.cell.energy}]);
}

export function metered_cold_starts_of(rows: readonly Row[]): readonly Metered[] {
  const firsts = rows.filter((row, at) => rows.findIndex(({session}) => session === row.session) === at);
  return firsts.flatMap((row) => row.session.cold_start_energy === null ? [] :
      [{row, session: row.session, suite: '', energy: row.session.cold_start_energy}]);
}

export function variant_name({session}: Metered): string {
  const ordinal = session.ordinal > 0 ? `, session ${session.ordinal + 1}` : '';
  return `${session.model} ${session.variant}${ordinal}`;
}

export function metered_name(metered: Metered): string {
  return `${variant_name(metered)}${metered.suite ? ` · ${metered.suite}` : ''}`;
}

export function phase_of(energy: Energy, name: EnergyPhase['phase']): EnergyPhase | null {
  return energy.phases.find(({phase}) => phase === name) ?? null;
}

// "±11.6 %": a half-width as a share of its figure, which is how far two figures can be told apart.
export function half_width_text(value: number, half_width: number): string {
  if (!(Math.abs(value) > 0)) return `±${joined(energy_figure(half_width))}`;
  const percent = 100 * half_width / Math.abs(value);
  return `±${percent >= 100 ? Math.round(percent) : Number(percent.toPrecision(percent >= 1 ? 3 : 2))} %`;
}

export function with_half_width(value: number, half_width: number): string {
  return `${joined(energy_figure(value))} ${half_width_text(value, half_width)}`;
}

export function answer_figure(answer: AnswerEnergy): FigureText {
  return energy_figure(answer.gross_uj);
}

// Net, of a token after the first.
export function token_text(energy: Energy): string | null {
  const decode = phase_of(energy, 'decode');
  if (!decode || decode.tokens === 0 || decode.net_uj === null) return null;
  return joined(energy_figure(decode.net_uj / decode.tokens));
}

export interface Unmetered {
  readonly bench: string;
  readonly session: Session;
  readonly has_meter: boolean;  // the sessions' provenance knows of one
  readonly why: readonly string[];
}

// Benches of which nothing in view was metered, each with what is known of why.
export function unmetered_of(rows: readonly Row[]): readonly Unmetered[] {
  const measured = rows.filter(({cell}) => cell.generations > 0);
  const with_meter = new Set(rows.filter(({cell}) => cell.energy !== null).map(({session}) => session.bench));
  return unique(measured.map(({session}) => session.bench)).filter((bench) => !with_meter.has(bench)).map((bench) => {
    const sessions = unique(measured.filter(({session}) => session.bench === bench).map(({session}) => session));
    const why = sessions.flatMap(({provenance}) =>
        provenance.filter(({key, value}) => key === 'energy.missing' && value !== '').map(({value}) => value));
    const has_meter = sessions.some(({provenance}) => provenance.some(({key}) => key.startsWith('meter.')));
    return {bench, session: sessions[0] as Session, has_meter, why: unique(why)};
  });
}

// Of an energy in a table: microjoules to four digits.
export function microjoules(value: number | null): string {
  if (value === null) return '';
  const size = Math.abs(value);
  return size === 0 ? '0' : size >= 1000 ? Math.round(value).toLocaleString('en-GB') : three_digits(value);
}
