// One linearised face a pair (image, class): its normal w'_k = ∇(f_k − f_k0), a vector-Jacobian product
// with the cotangent e_k − e_k0. All pairs share one forward pass.
import { gradient } from '../../autodiff/gradient.ts';
import { InternalError } from '../../core/errors.ts';
import { isStatic, type BatchDim } from '../../core/shape.ts';
import { intTensor } from '../../core/tensor.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Forward } from '../forward.ts';
import type { Pairs } from './faces.ts';
import { STEPPING, SYMBOLS } from './state.ts';

/** w'_k of each pair: [pairs, …image]. */
export function normalsOf(e: Expressions, forward: Forward, pairs: Pairs): ValueId {
  const { owner, rival, own, dim } = pairs;
  const { classes } = forward;
  const ids = e.builder.constant(intTensor([classes], [...Array(classes).keys()]));
  const oneHot = (k: ValueId): ValueId => e.toFloat(e.equal(e.column(k, dim), ids));
  const cotangent = e.sub(oneHot(rival), oneHot(own));
  return forward.single === null
    ? productOf(e, forward.x, forward.logits, cotangent, owner)
    : productsOneByOne(e, forward.x, forward.single, cotangent, dim);
}

/** The vector-Jacobian product of x with one cotangent a pair, or with one for its only row. */
function productOf(
  e: Expressions,
  x: ValueId,
  logits: ValueId,
  cotangent: ValueId,
  owner: ValueId | null,
): ValueId {
  const [w] = gradient(e.builder, {
    seeds: [{ of: logits, cotangent }],
    wrt: [x],
    ...(owner === null ? {} : { owner: { index: owner, symbol: SYMBOLS.active } }),
  });
  if (w === null || w === undefined) {
    throw new InternalError('the logits do not depend on the image');
  }
  return w;
}

/** For a model that takes one image: the products side by side, as the only image's pairs. */
function productsOneByOne(
  e: Expressions,
  x: ValueId,
  logits: ValueId,
  cotangents: ValueId,
  dim: BatchDim,
): ValueId {
  const [, ...image] = e.builder.typeOf(x).shape;
  if (!isStatic(image)) throw new InternalError('the image has no fixed size');
  const parts = Array.from({ length: dim.times }, (_, k) => {
    const cotangent = e.rows(cotangents, e.int(k));
    return [`x${k}`, productOf(e, x, logits, cotangent, null)] as const;
  });
  const all = e.builder.emit('concat', Object.fromEntries(parts), { axis: 0 });
  const reshape = (value: ValueId, shape: readonly (number | BatchDim)[]): ValueId =>
    e.builder.emit('reshape', { x: value }, { shape });
  const shaped = reshape(all, [1, dim.times, ...image]);
  const spread = e.builder.emit(
    'expand',
    { x: shaped },
    { shape: [STEPPING, dim.times, ...image] },
  );
  return reshape(spread, [dim, ...image]);
}
