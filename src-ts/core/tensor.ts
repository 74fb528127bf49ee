// Tensors on the host: constants of a graph, inputs to it, results read back.
//
// float32 values are held in a Float32Array, or in a Float64Array when the reference interpreter
// computes them in double precision; int64 in a Float64Array (exact to 2^53); int32 and bool in an
// Int32Array.
import { InternalError } from './errors.ts';
import { elementCount, formatShape, type Dtype, type StaticShape } from './shape.ts';

export type TensorData = Float32Array | Float64Array | Int32Array;

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: StaticShape;
  readonly data: TensorData;
}

/** A tensor over existing data, which is not copied. */
export function tensor(dtype: Dtype, shape: StaticShape, data: TensorData): Tensor {
  if (data.length !== elementCount(shape)) {
    throw new InternalError(`${formatShape(shape)} does not hold ${data.length} elements`);
  }
  return { dtype, shape, data };
}

export function floatTensor(shape: StaticShape, values: ArrayLike<number>): Tensor {
  return tensor('float32', shape, Float32Array.from(values));
}

export function intTensor(shape: StaticShape, values: ArrayLike<number>): Tensor {
  return tensor('int32', shape, Int32Array.from(values));
}

/** A float32 tensor without dimensions. */
export function scalar(value: number): Tensor {
  return tensor('float32', [], Float32Array.of(value));
}

/** Storage for `count` elements of a dtype; `double` holds float32 values in float64. */
export function allocate(dtype: Dtype, count: number, double = false): TensorData {
  switch (dtype) {
    case 'float32':
      return double ? new Float64Array(count) : new Float32Array(count);
    case 'int64':
      return new Float64Array(count);
    case 'int32':
    case 'bool':
      return new Int32Array(count);
  }
}
