// The uncertainty of energies, term by term: folded under each figure that has them.
import {el, fold, plain_table} from './dom';
import type {Metered} from './energy_data';
import {half_width_text, microjoules} from './energy_data';
import {unique} from './model';
import type {EnergyPhase, EnergyTerm} from './report_types';

// Of the budget that every energy has (harness/analyse/uncertainty.h).
const kTermMeaning: Readonly<Record<string, string>> = {
  gain: "the meter's gain in the range it measured in; the same for every figure of this unit in this range",
  offset: "the meter's zero and resolution",
  voltage: "the supply's set-point, or the voltage reading",
  time_base: "the meter's clock",
  edges: 'where a phase begins and ends, between two samples',
  sampling: 'what the load did between samples, and noise',
  switching: 'changes of range: the energy with the spike filter less that without it',
  gaps: 'samples that were lost and filled in',
  baseline: 'the idle power that is taken off',
  baseline_drift: 'how idle power changed from before to after',
  repeats: 'how repeats of the same prompt differ, beyond all of this',
};

interface Line {
  readonly metered: Metered;
  readonly phase: EnergyPhase;
}

function term_text(terms: readonly EnergyTerm[], name: string, value: (term: EnergyTerm) => number): string {
  const term = terms.find((candidate) => candidate.name === name);
  if (!term) return '';
  const freedom = term.degrees_of_freedom > 0 && value(term) > 0 ? ` (ν ${term.degrees_of_freedom.toFixed(0)})` : '';
  return microjoules(value(term)) + freedom;
}

function rows_of({metered: {session, suite, energy}, phase}: Line, names: readonly string[]): readonly string[][] {
  const value = phase.net_uj ?? phase.gross_uj;
  const about = [`${session.bench} (${energy.tier})`, `${session.model} ${session.variant}`, suite || 'cold starts', phase.phase];
  return [
    [...about, 'absolute', microjoules(value), ...names.map((name) => term_text(phase.terms, name, (term) => term.standard_uj)),
      microjoules(phase.expanded_uj), half_width_text(value, phase.expanded_uj)],
    [...about, 'comparative', microjoules(value),
      ...names.map((name) => term_text(phase.terms, name, (term) => term.comparative_uj)),
      microjoules(phase.comparative_uj), half_width_text(value, phase.comparative_uj)],
  ];
}

// Nothing where no energy is in view.
export function uncertainty_fold(all: readonly Metered[]): HTMLElement | null {
  const lines = all.flatMap((metered) => metered.energy.phases.map((phase) => ({metered, phase})));
  if (lines.length === 0) return null;
  const names = unique(lines.flatMap(({phase}) => phase.terms.map(({name}) => name)));
  const titles = ['bench (tier)', 'model', 'suite', 'phase', 'for', 'net (idle: gross)', ...names, '95 %', 'of it'];
  const meanings = names.flatMap((name) => [el('dt', {}, name), el('dd', {}, kTermMeaning[name] ?? 'as the analysis names it')]);
  return fold({class: 'behind uncertainty'}, ['The uncertainty, term by term (µJ)'],
              el('p', {class: 'terms'}, 'Standard uncertainties (k = 1) of the sums over the pass, and the half-width that holds the ' +
                  'true value in 95 of 100 cases. Absolute: for the value itself. Comparative: for comparisons by the same unit ' +
                  'in the same range, where what is common to both cancels. ν: degrees of freedom, where they are few.'),
              plain_table('uncertainty by term', titles, lines.flatMap((line) => rows_of(line, names))),
              el('dl', {class: 'facts words'}, ...meanings));
}
