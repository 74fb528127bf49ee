// What is minimised, φ(x) = c · |x − x0|₂ + J(x, l), and its gradient, at the trial point of each image.
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import { crossEntropy, imageGradient, logitDerivative } from '../cross-entropy.ts';
import type { Forward } from '../forward.ts';
import { normOf } from '../norms.ts';

/** The first c as a share of |∇J(x0)|: for an affine classifier of two classes the largest c is a half. */
const FIRST_C = 1 / 16;

export interface Objective {
  /** The trial point: [N, …image] */
  readonly x: ValueId;
  /** φ(x): [N] */
  readonly value: ValueId;
  /** ∇φ(x): [N, …image] */
  readonly gradient: ValueId;
  /** The class the model gives x: [N] */
  readonly label: ValueId;
  /** Whether it is the first evaluation towards this target: [N] */
  readonly first: ValueId;
  /** The c it was evaluated with: [N] */
  readonly c: ValueId;
  /** Whether J has a slope at x: [N] */
  readonly slopes: ValueId;
  /** Whether φ(x) and all of ∇φ(x) are finite: [N] */
  readonly finite: ValueId;
}

/** Evaluates φ towards `target` [N]; where `c` [N] is 0 it is chosen by the slope of J. */
export function evaluateObjective(
  e: Expressions,
  { forward, predicted }: { readonly forward: Forward; readonly predicted: ValueId },
  { x, x0, target, c: known }: Readonly<Record<'x' | 'x0' | 'target' | 'c', ValueId>>,
): Objective {
  const zero = e.number(0);
  const loss = crossEntropy(e, forward, target);
  const lossGradient = imageGradient(e, forward, logitDerivative(e, forward, target));
  const steepness = normOf(e, lossGradient, 2);
  const first = e.not(e.greater(known, zero));
  const c = e.where(first, e.mul(steepness, e.number(FIRST_C)), known);
  const r = e.sub(x, x0);
  const size = normOf(e, r, 2);
  // |r| has no gradient at 0: there it is left out.
  const pull = e.where(e.greater(size, zero), e.div(c, size), zero);
  const value = e.add(e.mul(c, size), loss);
  const gradient = e.add(lossGradient, e.mul(e.like(pull, r), r));
  const all = e.add(e.lines(gradient), e.like(value, e.lines(gradient)));
  const finite = e.flat(e.all(e.builder.emit('is_finite', { x: all }, {})), e.batchOf(x));
  const slopes = e.greater(steepness, zero);
  return { x, value, gradient, label: predicted, first, c, slopes, finite };
}
