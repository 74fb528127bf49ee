// ONNX's own criterion: |actual − expected| ≤ atol + rtol · |expected| for floats, equality for integers
// and booleans. bfloat16 outputs, coarser than that, are compared to their own precision. NaN equals NaN, infinities equal themselves; shapes and element types must match.
import { formatType, sameShape } from '../../src-ts/core/shape.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** The last of bfloat16's eight bits: results stay in float32, so that they are not rounded to it. */
export const BFLOAT16_TOLERANCE: Tolerance = { relative: 2 ** -7, absolute: 1e-7 };

export const ONNX_TOLERANCE: Tolerance = { relative: 1e-3, absolute: 1e-7 };

/** What differs first, in words; null when the tensors agree. */
export function findDifference(
  actual: Tensor,
  expected: Tensor,
  tolerance = ONNX_TOLERANCE,
): string | null {
  if (actual.dtype !== expected.dtype || !sameShape(actual.shape, expected.shape)) {
    return `is ${formatType(actual)}, not ${formatType(expected)}`;
  }
  const exact = expected.dtype !== 'float32';
  for (const [i, want] of expected.data.entries()) {
    const got = actual.data[i]!;
    if (Object.is(got, want) || got === want) continue;
    const close = Math.abs(got - want) <= tolerance.absolute + tolerance.relative * Math.abs(want);
    if (exact || !close || !Number.isFinite(want)) {
      return `element [${indexOf(i, expected.shape).join(', ')}] is ${got}, not ${want}`;
    }
  }
  return null;
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
