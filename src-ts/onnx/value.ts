// What a name of an ONNX file stands for while its graph is rebuilt: a tensor known now, a list of
// sizes of which some are the batch's, or a value of the graph under construction.
import { isStatic, type Dim, type Dtype, type Shape, type TensorType } from '../core/shape.ts';
import { allocate, tensor, type Tensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';

export type Value =
  | { readonly kind: 'constant'; readonly type: TensorType; readonly tensor: Tensor }
  /** Shape arithmetic that involves the batch: rank 0 or 1, at least one entry symbolic. */
  | { readonly kind: 'dims'; readonly type: TensorType; readonly dims: Shape }
  | { readonly kind: 'graph'; readonly type: TensorType; readonly id: ValueId };

export function constantValue(held: Tensor): Value {
  return { kind: 'constant', type: { dtype: held.dtype, shape: held.shape }, tensor: held };
}

/** Sizes as a value: a constant tensor when none of them is symbolic. */
export function dimsValue(dims: Shape, rank: 0 | 1, dtype: Dtype = 'int64'): Value {
  const shape = rank === 0 ? [] : [dims.length];
  if (!isStatic(dims)) return { kind: 'dims', type: { dtype, shape }, dims };
  const data = allocate(dtype, dims.length);
  data.set(dims);
  return constantValue(tensor(dtype, shape, data));
}

/** The most entries that are read as sizes; longer vectors are data. */
export const MAX_DIMS = 4096;

/** A value of rank 0 or 1 as a list of sizes, or null when it is not known now. */
export function dimsOf(value: Value): readonly Dim[] | null {
  if (value.kind === 'dims') return value.dims;
  if (value.kind === 'graph' || value.type.shape.length > 1) return null;
  return value.tensor.data.length > MAX_DIMS ? null : Array.from(value.tensor.data);
}

/** Whether a value is a vector or scalar of integers that shape arithmetic applies to. */
export function isSizes(value: Value): boolean {
  if (value.kind === 'dims') return true;
  return value.type.dtype === 'int64' || value.type.dtype === 'int32';
}

/** The one number a constant holds in all its elements, or null. */
export function uniformValue(value: Value): number | null {
  if (value.kind !== 'constant') return null;
  const { data } = value.tensor;
  const first = data[0];
  return first !== undefined && data.every((element) => element === first) ? first : null;
}
