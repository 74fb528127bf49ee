// p-norms, their duals, and the direction that a step takes (attack-spec: Hölder equality).
//
// ⟨w, d⟩ over ‖d‖_p = 1 is largest, and equal to ‖w‖_q, for
//   1 < p < ∞   d = |w|^(q−1) sign(w) / ‖w‖_q^(q−1)
//   p = ∞       d = sign(w)
//   p = 1       d = sign(w_j) at the coordinate j with the largest |w_j|, 0 elsewhere
import type { ValueId } from '../graph/op-set.ts';
import { intTensor } from '../core/tensor.ts';
import type { Expressions } from '../ops/expressions.ts';

/** q = p / (p − 1). */
export function dualNorm(p: number): number {
  if (p === 1) return Infinity;
  return p === Infinity ? 1 : p / (p - 1);
}

/** ‖x‖_p of each row: a list. */
export function normOf(e: Expressions, x: ValueId, p: number): ValueId {
  const magnitude = e.abs(e.lines(x));
  if (p === Infinity) return e.reduce('reduce_max', magnitude);
  if (p === 1) return e.reduce('reduce_sum', magnitude);
  if (p === 2) return e.power(e.reduce('reduce_sum', e.power(e.lines(x), 2)), 0.5);
  // Powers of small numbers leave float32's range, so rows are scaled by their largest element.
  const largest = e.reduce('reduce_max', magnitude);
  const scale = e.where(e.greater(largest, e.number(0)), largest, e.number(1));
  const scaled = e.div(magnitude, e.like(scale, magnitude));
  const sum = e.reduce('reduce_sum', e.power(scaled, p));
  return e.mul(scale, e.power(sum, 1 / p));
}

/** The direction of unit p-norm that maximises ⟨w, ·⟩, given ‖w‖_q of each row. */
export function directionOf(e: Expressions, w: ValueId, norm: ValueId, p: number): ValueId {
  if (p === Infinity) return e.sign(w);
  if (p === 1) return largestCoordinate(e, w);
  const unit = e.div(w, e.like(norm, w));
  if (p === 2) return unit;
  return e.mul(e.power(e.abs(unit), dualNorm(p) - 1), e.sign(w));
}

/** sign(w) at the first coordinate with the largest magnitude of each row, 0 elsewhere. */
function largestCoordinate(e: Expressions, w: ValueId): ValueId {
  const { builder } = e;
  const lines = e.lines(w);
  const size = builder.typeOf(lines).shape[1] as number;
  const at = builder.emit('argmax', { x: e.abs(lines) }, {});
  const ids = builder.constant(intTensor([size], [...Array(size).keys()]));
  const chosen = e.mul(e.toFloat(e.equal(at, ids)), e.sign(lines));
  return builder.emit('reshape', { x: chosen }, { shape: builder.typeOf(w).shape });
}
