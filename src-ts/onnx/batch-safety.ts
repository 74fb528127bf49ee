// Which nodes would let one image see another: those that sum, sort, cut or join along the batch axis.
// The importer may read a file's fixed batch as any batch only where none of them occurs.
import { findBatch, isStatic, sameDim, type Shape, type TensorType } from '../core/shape.ts';
import type { OpAttrs, OpKind } from '../graph/op-set.ts';

type Types = Readonly<Record<string, TensorType>>;
type Check<K extends OpKind> = (types: Types, attrs: OpAttrs<K>) => string | null;

const axisOf = (types: Types, name = 'x'): number => findBatch(types[name]!.shape)?.axis ?? -1;

const reduces: Check<'reduce_sum'> = (types, { axes }) =>
  axes.includes(axisOf(types)) ? 'it reduces over the batch' : null;

const alongLast = (types: Types): string | null =>
  axisOf(types) >= 0 && axisOf(types) === types['x']!.shape.length - 1
    ? 'it compares the images of a batch'
    : null;

const windows = (types: Types): string | null => {
  if (axisOf(types) > 0) return 'its batch is not the first dimension';
  return types['w'] !== undefined && !isStatic(types['w'].shape) ? 'its weights are batched' : null;
};

const CHECKS: { readonly [K in OpKind]?: Check<K> } = {
  reduce_sum: reduces,
  reduce_max: reduces,
  reduce_min: reduces,
  reduce_prod: reduces,
  argmax: alongLast,
  argmin: alongLast,
  top_k: alongLast,
  softmax: (types, { axis }) =>
    axis === axisOf(types) ? 'it normalises over the images of a batch' : null,
  window_sum: (types, { axis }) =>
    axis === axisOf(types) ? 'it sums over neighbouring images' : null,
  concat: (types, { axis }) =>
    Object.keys(types).some((name) => axisOf(types, name) === axis)
      ? 'it joins along the batch'
      : null,
  slice: (types, { ranges, sizes }) => {
    const axis = axisOf(types);
    if (axis < 0) return null;
    const whole = ranges[axis]!.start === 0 && ranges[axis]!.step === 1;
    return whole && sameDim(sizes[axis]!, types['x']!.shape[axis]!) ? null : 'it cuts the batch';
  },
  pad: (types, { before, after }) => {
    const axis = axisOf(types);
    return axis >= 0 && (before[axis] !== 0 || after[axis] !== 0) ? 'it pads the batch' : null;
  },
  matmul: ({ a, b }, { transposeA, transposeB }) => {
    const inner = [a!.shape.at(transposeA ? -2 : -1), b!.shape.at(transposeB ? -1 : -2)];
    return inner.some((dim) => typeof dim === 'object') ? 'it sums over the batch' : null;
  },
  gather: ({ x }) =>
    typeof x!.shape[1] === 'number' ? null : 'it picks among the images of a batch',
  scatter: ({ x }) =>
    typeof x!.shape[1] === 'number' ? null : 'it writes among the images of a batch',
  conv: windows,
  max_pool: windows,
  avg_pool: windows,
};

/** Why a node would mix the images of a batch; null when it does not. */
export function mixesBatch<K extends OpKind>(
  kind: K,
  types: Types,
  attrs: OpAttrs<K>,
): string | null {
  const check = CHECKS[kind];
  return check?.(types, attrs) ?? null;
}

/** Whether a shape has more than one batched dimension: each image against each. */
export function crossesBatch(shape: Shape): boolean {
  return shape.filter((dim) => typeof dim !== 'number').length > 1;
}
