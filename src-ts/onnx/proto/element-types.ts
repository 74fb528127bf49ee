// ONNX element types and the four dtypes of the engine that hold them. Narrow floats widen to float32
// and doubles narrow to it; integers of up to 32 bits become int32.
import type { Dtype } from '../../core/shape.ts';

interface ElementType {
  readonly name: string;
  /** null: the engine has no place for such values. */
  readonly dtype: Dtype | null;
}

const TYPES: Readonly<Record<number, ElementType>> = {
  1: { name: 'float32', dtype: 'float32' },
  2: { name: 'uint8', dtype: 'int32' },
  3: { name: 'int8', dtype: 'int32' },
  4: { name: 'uint16', dtype: 'int32' },
  5: { name: 'int16', dtype: 'int32' },
  6: { name: 'int32', dtype: 'int32' },
  7: { name: 'int64', dtype: 'int64' },
  8: { name: 'string', dtype: null },
  9: { name: 'bool', dtype: 'bool' },
  10: { name: 'float16', dtype: 'float32' },
  11: { name: 'float64', dtype: 'float32' },
  12: { name: 'uint32', dtype: 'int64' },
  13: { name: 'uint64', dtype: 'int64' },
  14: { name: 'complex64', dtype: null },
  15: { name: 'complex128', dtype: null },
  16: { name: 'bfloat16', dtype: 'float32' },
};

/** The dtype that holds an ONNX element type; null when there is none. */
export function dtypeOf(elementType: number | null): Dtype | null {
  return elementType === null ? null : (TYPES[elementType]?.dtype ?? null);
}

export function elementTypeName(elementType: number | null): string {
  if (elementType === null) return 'no tensor';
  return TYPES[elementType]?.name ?? `element type ${elementType}`;
}
