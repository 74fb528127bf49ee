// The search for the largest c whose minimiser is classified as the target: double until it is not, then
// bisect. One target after the other, and the smallest of all perturbations is kept.
import { isStatic } from '../../core/shape.ts';
import { InternalError } from '../../core/errors.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Descent } from './descent.ts';
import type { Objective } from './objective.ts';
import type { SlotValues } from './slot-values.ts';

/** Relative width of the bracket at which bisection ends. */
const PRECISION = 0.01;
/** Values of c after which a target is given up. */
const MOST_VALUES = 20;
/** Distance where nothing was found: beyond every real one, and finite. */
const NOTHING = 3e38;

export interface Search {
  /** The smallest adversarial image so far, else x0: [N, …image] */
  readonly best: ValueId;
  /** Whether there is one: [N] */
  readonly found: ValueId;
  /** Whether all targets are through: [N] */
  readonly done: ValueId;
  /** Where to evaluate next: [N, …image] */
  readonly next: ValueId;
}

/** What is being searched for. */
export interface Aim {
  readonly x0: ValueId;
  /** The class: [N] */
  readonly target: ValueId;
  /** Which of the targets it is, of how many: [N] */
  readonly which: ValueId;
  readonly targets: number;
  /** Whether the image has no evaluations left: [N] */
  readonly spent: ValueId;
}

/** Judges a minimisation that has ended, and chooses what is next: another c, another target, nothing. */
export function searchPenalty(
  e: Expressions,
  held: SlotValues,
  { c, label }: Objective,
  { here, trial, ended }: Descent,
  { x0, target, which, targets, spent }: Aim,
): Search {
  const success = e.and(e.or(ended, spent), e.equal(here.label, target));
  const image = imageOf(e, x0);
  const smallest = held.read('distance', e.number(NOTHING));
  const better = e.and(success, e.less(here.distance, smallest));
  const best = e.choose(better, here.x, held.read('best', x0, image));
  const distance = e.where(better, here.distance, smallest);
  held.write('best', best);
  held.write('distance', distance);
  held.write('adversarial', e.where(better, target, held.read('adversarial', label)));

  const zero = e.number(0);
  const bracket = { c, low: held.read('low', zero), high: held.read('high', zero) };
  const { next, closed } = narrow(e, bracket, success);
  const none = e.sub(which, which);
  const values = e.add(held.read('values', none), e.toInt(ended));
  const through = e.and(ended, e.or(closed, e.greater(values, e.int(MOST_VALUES))));
  const last = e.equal(which, e.int(targets - 1));
  const onward = e.and(through, e.not(last));
  for (const name of ['c', 'low', 'high'] as const) {
    const kept = e.where(ended, next[name], bracket[name]);
    held.write(name, e.where(onward, zero, kept));
  }
  held.write('values', e.where(onward, e.int(0), values));
  held.write('which', e.add(which, e.toInt(onward)));

  // The next minimisation starts from the last minimiser that was classified as this target.
  const anchor = e.choose(success, here.x, held.read('anchor', x0, image));
  const start = e.choose(onward, x0, anchor);
  held.write('anchor', start);
  return {
    best,
    found: e.less(distance, e.number(NOTHING)),
    done: e.or(e.and(through, last), spent),
    next: e.choose(ended, start, trial),
  };
}

/** What is known of c, each [N]: 0 where it is not known. */
interface Bracket {
  readonly c: ValueId;
  /** The largest c that succeeded. */
  readonly low: ValueId;
  /** The smallest c that failed. */
  readonly high: ValueId;
}

/** The bracket after a minimisation that succeeded or not, with the next c; and whether it is closed. */
function narrow(
  e: Expressions,
  { c, low, high }: Bracket,
  success: ValueId,
): { readonly next: Bracket; readonly closed: ValueId } {
  const zero = e.number(0);
  const lower = e.where(success, c, low);
  const upper = e.where(success, high, c);
  const [some, failed] = [e.greater(lower, zero), e.greater(upper, zero)];
  const middle = e.mul(e.add(lower, upper), e.number(0.5));
  const shrunk = e.where(some, middle, e.mul(c, e.number(0.5)));
  const next = { c: e.where(failed, shrunk, e.mul(c, e.number(2))), low: lower, high: upper };
  const narrowed = e.less(e.sub(upper, lower), e.mul(upper, e.number(PRECISION)));
  return { next, closed: e.and(e.and(some, failed), narrowed) };
}

function imageOf(e: Expressions, x0: ValueId): readonly number[] {
  const [, ...image] = e.builder.typeOf(x0).shape;
  if (!isStatic(image)) throw new InternalError('the image has no fixed size');
  return image;
}
