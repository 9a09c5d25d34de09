// What a figure is worth, in words and as a badge. It stands beside every figure.
import {el} from './dom';
import type {TimeUnit} from './format';
import type {Session} from './report_types';

export type Tier = Session['tier'];

export const kTierOrder: readonly Tier[] = ['hardware', 'emulated', 'functional', 'modelled'];

export const kTierMeaning: Readonly<Record<Tier, string>> = {
  hardware: 'time is real',
  emulated: 'instructions, not time',
  functional: 'only answers are real',
  modelled: 'from a stated model, not measured',
};

export function tier_badge(tier: Tier): HTMLElement {
  return el('span', {class: `badge tier-${tier}`, title: kTierMeaning[tier]}, tier);
}

export function unit_noun(unit: TimeUnit | 'none'): string {
  return unit === 'ns' ? 'time' : 'instructions';
}
