// A model of mirrored images, for libraries that send the gradient of a maximum pooling to the last of
// equal maxima, where we follow PyTorch and send it to the first: in constant regions of an image that
// changes the result. With rows and columns in reverse, their last is our first, at the same work.
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { Pads, RivalOps } from './translate.ts';

/** Whether it makes a difference; only then are windows known to meet the mirrored image in the same places. */
export const needsMirror = ({ nodes }: Graph): boolean =>
  nodes.some(({ kind }) => kind === 'max_pool');

/** `reverse` turns rows and columns of a library's images. */
export function mirrored<V>(ops: RivalOps<V>, reverse: (image: V) => V): RivalOps<V> {
  return {
    ...ops,
    weight: (value, role) => ops.weight(role === 'filter' ? mirrorPlanes(value) : value, role),
    padImage: (x, [rows, columns]) => ops.padImage(x, [swap(rows), swap(columns)]),
    flatten: (x) => ops.flatten(reverse(x)),
  };
}

const swap = ([before, after]: Pads[number]): Pads[number] => [after, before];

function mirrorPlanes(value: Tensor): Tensor {
  const planes = mirrorEach(value.data as Float32Array, value.shape[2]! * value.shape[3]!);
  return tensor(value.dtype, value.shape, planes);
}

/** Planes of `size` values with rows and columns in reverse. */
export function mirrorEach(values: Float32Array, size: number): Float32Array {
  const mirror = values.slice();
  for (let at = 0; at < mirror.length; at += size) mirror.subarray(at, at + size).reverse();
  return mirror;
}
