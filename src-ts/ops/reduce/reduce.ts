// Reductions over axes, which stay with size 1, and the indices of extreme elements.
import {
  elementCount,
  normalizeAxis,
  type Shape,
  type StaticShape,
  type TensorType,
} from '../../core/shape.ts';
import { allocate, scalar, tensor, type Tensor, type TensorData } from '../../core/tensor.ts';
import type { OpKind } from '../../graph/op-set.ts';
import type { OpDef, OpFamily, VjpRule } from '../op-def.ts';
import { lowerReduce, lowerTopK, type Combine } from './lowering.ts';
import { refuse } from '../refusal.ts';

type ReduceKind = 'reduce_sum' | 'reduce_max' | 'reduce_min' | 'reduce_prod';

function inferReduce(
  kind: ReduceKind,
  x: TensorType,
  axes: readonly number[],
  label: string,
): TensorType {
  const reduced = axes.map((axis) => normalizeAxis(axis, x.shape.length));
  for (const [at, axis] of reduced.entries()) {
    if (axis >= 0 && axis < x.shape.length) continue;
    refuse(kind, label, `x has no axis ${axes[at]!}`, { x });
  }
  const shape: Shape = x.shape.map((dim, axis) => (reduced.includes(axis) ? 1 : dim));
  return { dtype: x.dtype, shape };
}

const reduceSumVjp: VjpRule<'reduce_sum'> = ({ inputs: { x } }, dy, { emit, typeOf }) => ({
  x: emit('expand', { x: dy }, { shape: typeOf(x).shape }),
});

/** Equal maxima share the gradient evenly, as in PyTorch's amax: the one choice that has no order. */
const extremeVjp: VjpRule<'reduce_max' | 'reduce_min'> = (
  { inputs: { x }, output, attrs: { axes } },
  dy,
  { emit },
) => {
  const chosen = emit('cast', { x: emit('equal', { a: x, b: output }, {}) }, { to: 'float32' });
  const count = emit('reduce_sum', { x: chosen }, { axes });
  return { x: emit('mul', { a: chosen, b: emit('div', { a: dy, b: count }, {}) }, {}) };
};

/**
 * The product of the others: with zeros made ones, the product over the axes divided by the element, where
 * no other element is zero. So nothing is divided by zero, and one zero among the elements keeps its
 * gradient.
 */
const reduceProdVjp: VjpRule<'reduce_prod'> = (
  { inputs: { x }, attrs: { axes } },
  dy,
  { emit, constant },
) => {
  const [zero, one] = [constant(scalar(0)), constant(scalar(1))];
  const isZero = emit('equal', { a: x, b: zero }, {});
  const filled = emit('where', { condition: isZero, a: one, b: x }, {});
  const product = emit('reduce_prod', { x: filled }, { axes });
  const zeros = emit('cast', { x: isZero }, { to: 'float32' });
  const total = emit('reduce_sum', { x: zeros }, { axes });
  const noOther = emit('equal', { a: emit('sub', { a: total, b: zeros }, {}), b: zero }, {});
  const others = emit('div', { a: product, b: filled }, {});
  const slope = emit('where', { condition: noOther, a: others, b: zero }, {});
  return { x: emit('mul', { a: dy, b: slope }, {}) };
};

function evaluateReduce(
  x: Tensor,
  axes: readonly number[],
  shape: StaticShape,
  combine: (a: number, b: number) => number,
  identity: number,
): Tensor {
  const y = allocate(x.dtype, elementCount(shape), true);
  const seen = new Uint8Array(y.length);
  const places = resultPlaces(x.shape, axes);
  for (let i = 0; i < x.data.length; i++) {
    const at = places(i);
    y[at] = seen[at] === 0 ? x.data[i]! : combine(y[at]!, x.data[i]!);
    seen[at] = 1;
  }
  for (const [at, isSeen] of seen.entries()) if (isSeen === 0) y[at] = identity;
  return tensor(x.dtype, shape, y);
}

/** Maps an element of a tensor to its place when the given axes have size 1. */
function resultPlaces(shape: StaticShape, axes: readonly number[]): (i: number) => number {
  const reduced = axes.map((axis) => normalizeAxis(axis, shape.length));
  return (i) => {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis]!;
      if (!reduced.includes(axis)) {
        at += (rest % size) * stride;
        stride *= size;
      }
      rest = Math.floor(rest / size);
    }
    return at;
  };
}

function reduction<K extends ReduceKind>(
  kind: K,
  vjp: VjpRule<K>,
  value: (a: number, b: number) => number,
  combine: Combine,
): OpDef<K>;
function reduction(
  kind: ReduceKind,
  vjp: VjpRule<ReduceKind>,
  value: (a: number, b: number) => number,
  combine: Combine,
): OpDef<ReduceKind> {
  return {
    infer: ({ x }, { axes }, label) => inferReduce(kind, x, axes, label),
    vjp,
    evaluate: ({ x }, { axes }, { shape }) =>
      evaluateReduce(x, axes, shape(), value, combine.identity),
    lower: (context) => lowerReduce(context, combine),
  };
}

const add = (a: number, b: number): number => a + b;
const larger = (a: number, b: number): number => (b > a ? b : a);
const smaller = (a: number, b: number): number => (b < a ? b : a);
const times = (a: number, b: number): number => a * b;

/** The last axis of x, refused where there is none or it is shorter than `least`. */
function inferIndices(kind: OpKind, x: TensorType, k: number, label: string): TensorType {
  const length = x.shape.at(-1);
  if (typeof length !== 'number') {
    refuse(kind, label, 'x needs a last axis of fixed size', { x });
  }
  if (k < 1 || k > length) {
    refuse(kind, label, `asks for ${k} of ${length} elements`, { x });
  }
  return { dtype: 'int32', shape: [...x.shape.slice(0, -1), k] };
}

/** Indices of the first k elements of each row in the order of `before`; NaN comes last. */
function evaluateIndices(
  x: Tensor,
  k: number,
  shape: StaticShape,
  before: (a: number, b: number) => boolean,
  ties: 'first' | 'last' = 'first',
): Tensor {
  const length = x.shape.at(-1)!;
  const rows = elementCount(x.shape.slice(0, -1));
  const found = Int32Array.from({ length: rows * k });
  for (let row = 0; row < rows; row++) {
    const values = x.data.subarray(row * length, (row + 1) * length);
    found.set(orderOf(values, before, ties).slice(0, k), row * k);
  }
  return tensor('int32', shape, found);
}

function orderOf(
  values: TensorData,
  before: (a: number, b: number) => boolean,
  ties: 'first' | 'last',
): number[] {
  const precedes = (a: number, b: number): boolean =>
    before(a, b) || (!Number.isNaN(a) && Number.isNaN(b));
  const compare = (i: number, j: number): number => {
    if (precedes(values[i]!, values[j]!)) return -1;
    if (precedes(values[j]!, values[i]!)) return 1;
    return ties === 'first' ? i - j : j - i;
  };
  return Array.from(values, (_, i) => i).sort(compare);
}

const descending = (a: number, b: number): boolean => a > b;
const ascending = (a: number, b: number): boolean => a < b;
const orderBy = (smallest: boolean): typeof descending => (smallest ? ascending : descending);

function extremeIndex<K extends 'argmax' | 'argmin'>(kind: K): OpDef<K>;
function extremeIndex(kind: 'argmax' | 'argmin'): OpDef<'argmax' | 'argmin'> {
  const smallest = kind === 'argmin';
  return {
    infer: ({ x }, _attrs, label) => inferIndices(kind, x, 1, label),
    vjp: 'not differentiable',
    evaluate: ({ x }, { selectLast = false }, { shape }) =>
      evaluateIndices(x, 1, shape(), orderBy(smallest), selectLast ? 'last' : 'first'),
    lower: ({ node, inputs: { x }, output }) => {
      const { selectLast = false } = node.attrs;
      return lowerTopK(x, output, { k: 1, smallest, selectLast });
    },
  };
}

const topK: OpDef<'top_k'> = {
  infer: ({ x }, { k }, label) => inferIndices('top_k', x, k, label),
  vjp: 'not differentiable',
  evaluate: ({ x }, { k, smallest = false }, { shape }) =>
    evaluateIndices(x, k, shape(), orderBy(smallest)),
  lower: ({ node, inputs: { x }, output }) => {
    const { k, smallest = false } = node.attrs;
    return lowerTopK(x, output, { k, smallest, selectLast: false });
  },
};

export const reduceOps: OpFamily<ReduceKind | 'argmax' | 'argmin' | 'top_k'> = {
  reduce_sum: reduction('reduce_sum', reduceSumVjp, add, { expression: 'a + b', identity: 0 }),
  reduce_max: reduction('reduce_max', extremeVjp, larger, {
    expression: 'max(a, b)',
    identity: -Infinity,
  }),
  reduce_min: reduction('reduce_min', extremeVjp, smaller, {
    expression: 'min(a, b)',
    identity: Infinity,
  }),
  reduce_prod: reduction('reduce_prod', reduceProdVjp, times, {
    expression: 'a * b',
    identity: 1,
  }),
  argmax: extremeIndex('argmax'),
  argmin: extremeIndex('argmin'),
  top_k: topK,
};
