// The cross-entropy J(x, y) = log Σ_j exp(f_j(x) − f_y(x)), its derivative in the logits and its gradient
// in the image, for attacks that follow J instead of the logits.
//
// With p = softmax(f) the derivative is p_j for j ≠ y and p_y − 1 for y. Written as p − onehot(y) it
// loses the second term where p_y rounds to 1, in float32 for every logit that leads by 17 or more;
// − Σ_{j≠y} p_j is the same number and keeps it.
import { gradient } from '../autodiff/gradient.ts';
import { InternalError } from '../core/errors.ts';
import { isStatic } from '../core/shape.ts';
import { intTensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';
import type { Forward } from './forward.ts';

/** Below every logit, and finite. */
const LOWEST = -3e38;

/** J(x, y) of each row: [N] */
export function crossEntropy(e: Expressions, { logits }: Forward, label: ValueId): ValueId {
  const { builder } = e;
  const batch = e.batchOf(logits);
  const own = builder.emit('take_along', { x: logits, index: e.column(label, batch) }, {});
  const largest = builder.emit('reduce_max', { x: logits }, { axes: [1] });
  const sum = e.reduce('reduce_sum', builder.emit('exp', { x: e.sub(logits, largest) }, {}));
  return e.add(builder.emit('log', { x: sum }, {}), e.flat(e.sub(largest, own), batch));
}

/** ∂J/∂f, exact to rounding however sure the model is: [N, classes] */
export function logitDerivative(e: Expressions, { logits }: Forward, label: ValueId): ValueId {
  const own = oneHot(e, logits, label);
  const p = e.builder.emit('softmax', { x: logits }, { axis: 1 });
  return lessTheirSum(e, e.where(own, e.number(0), p), own);
}

/**
 * ∂J/∂f divided by 1 − p_y, which is the softmax over the classes besides y: the same direction, and
 * not 0 even where 1 − p_y is less than any float32.
 */
export function derivativeDirection(e: Expressions, { logits }: Forward, label: ValueId): ValueId {
  const own = oneHot(e, logits, label);
  const others = e.where(own, e.number(LOWEST), logits);
  const p = e.builder.emit('softmax', { x: others }, { axis: 1 });
  return lessTheirSum(e, e.where(own, e.number(0), p), own);
}

/** ∂J/∂f as p − onehot(y) in float32: what early implementations computed, saturation included. */
export function saturatingDerivative(e: Expressions, { logits }: Forward, label: ValueId): ValueId {
  const p = e.builder.emit('softmax', { x: logits }, { axis: 1 });
  return e.sub(p, e.toFloat(oneHot(e, logits, label)));
}

/** The gradient in the image for a derivative in the logits: [N, …image] */
export function imageGradient(e: Expressions, forward: Forward, derivative: ValueId): ValueId {
  const { x, logits, single } = forward;
  if (single === null) return productOf(e, x, logits, derivative);
  const [, ...image] = e.builder.typeOf(x).shape;
  if (!isStatic(image)) throw new InternalError('the image has no fixed size');
  const w = productOf(e, x, single, e.rows(derivative, e.int(0)));
  return e.builder.emit('expand', { x: w }, { shape: [e.batchOf(logits), ...image] });
}

function productOf(e: Expressions, x: ValueId, logits: ValueId, cotangent: ValueId): ValueId {
  const [w] = gradient(e.builder, { seeds: [{ of: logits, cotangent }], wrt: [x] });
  if (w === null || w === undefined) {
    throw new InternalError('the logits do not depend on the image');
  }
  return w;
}

/** Which class is the label's: [N, classes] */
function oneHot(e: Expressions, logits: ValueId, label: ValueId): ValueId {
  const classes = e.builder.typeOf(logits).shape[1] as number;
  const ids = e.builder.constant(intTensor([classes], [...Array(classes).keys()]));
  return e.equal(e.column(label, e.batchOf(logits)), ids);
}

/** `values`, and where `own` is set, minus their sum. */
function lessTheirSum(e: Expressions, values: ValueId, own: ValueId): ValueId {
  const sum = e.builder.emit('reduce_sum', { x: values }, { axes: [1] });
  return e.where(own, e.builder.emit('neg', { x: sum }, {}), values);
}
