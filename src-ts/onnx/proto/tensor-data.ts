// The numbers of a stored tensor, from whichever of ONNX's storage forms holds them: raw bytes (little
// endian), one of the typed fields, or a file beside the model.
import { OnnxParseError } from '../../core/errors.ts';
import { elementCount, formatShape } from '../../core/shape.ts';
import { allocate, tensor, type Tensor, type TensorData } from '../../core/tensor.ts';
import { dtypeOf, elementTypeName } from './element-types.ts';

/** The storage fields of one TensorProto, already out of protobuf. */
export interface StoredTensor {
  readonly where: string;
  readonly elementType: number;
  readonly shape: readonly number[];
  /** Raw bytes, from the message or from an external file; null when a typed field is used. */
  readonly raw: () => Uint8Array | null;
  readonly floats: ArrayLike<number>;
  readonly int32s: ArrayLike<number>;
  readonly int64s: () => ArrayLike<number>;
  readonly uint64s: () => ArrayLike<number>;
  readonly doubles: ArrayLike<number>;
}

interface RawReader {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const RAW: Readonly<Record<number, RawReader>> = {
  1: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 1, read: (view, at) => view.getInt8(at) },
  4: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  5: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  6: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  7: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  10: { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  11: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  12: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  13: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  16: { bytes: 2, read: (view, at) => brainToNumber(view.getUint16(at, true)) },
};

/** An IEEE 754 half, given by its bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24; // zero and subnormals
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** A bfloat16, given by its bits: the upper half of a float32. */
export function brainToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

/** The tensor, in the engine's dtypes. */
export function readTensor(stored: StoredTensor): Tensor {
  const dtype = dtypeOf(stored.elementType);
  const name = elementTypeName(stored.elementType);
  if (dtype === null)
    throw new OnnxParseError(`${stored.where}: ${name} tensors are not supported`);
  const raw = stored.raw();
  const count = elementCount(stored.shape);
  const held = raw === null ? typedField(stored) : null;
  const available = held?.length ?? Math.floor(raw!.length / RAW[stored.elementType]!.bytes);
  if (available !== count || (raw !== null && raw.length !== rawLength(stored, count))) {
    const type = `${name}${formatShape(stored.shape)}`;
    throw new OnnxParseError(
      `${stored.where}: ${type} has ${count} elements, ${available} are stored`,
    );
  }
  const data = allocate(dtype, count);
  if (raw !== null) fillFromRaw(data, raw, stored.elementType);
  else for (let i = 0; i < count; i++) data[i] = held![i]!;
  return tensor(dtype, stored.shape, data);
}

function rawLength(stored: StoredTensor, count: number): number {
  return count * RAW[stored.elementType]!.bytes;
}

function fillFromRaw(data: TensorData, raw: Uint8Array, elementType: number): void {
  if (elementType === 1) {
    new Uint8Array(data.buffer).set(raw); // float32 is stored as the engine holds it
    return;
  }
  const { bytes, read } = RAW[elementType]!;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let i = 0; i < data.length; i++) data[i] = read(view, i * bytes);
}

/** The typed field that ONNX assigns to an element type; 16-bit floats lie in int32_data as bits. */
function typedField(stored: StoredTensor): ArrayLike<number> {
  switch (stored.elementType) {
    case 1:
      return stored.floats;
    case 11:
      return stored.doubles;
    case 7:
      return stored.int64s();
    case 12:
    case 13:
      return stored.uint64s();
    case 10:
      return Array.from(stored.int32s, halfToNumber);
    case 16:
      return Array.from(stored.int32s, brainToNumber);
    default:
      return stored.int32s;
  }
}
