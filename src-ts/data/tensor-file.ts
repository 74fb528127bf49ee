// Tensors by name in one file, in the safetensors format: the length of a JSON header (uint64, little
// endian), the header, the numbers. Checkpoints of training and sets of perturbations are such files.
import { DataError } from '../core/errors.ts';
import { elementCount } from '../core/shape.ts';
import type { Dtype } from '../core/shape.ts';
import { tensor, type Tensor } from '../core/tensor.ts';
import { readBytes } from './files.ts';
import { replaceFile } from './output-file.ts';

const DTYPES = { float32: 'F32', int32: 'I32' } as const;
const LENGTH_BYTES = 8;
const METADATA = '__metadata__';

export interface TensorFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes float32 and int32 tensors; the file is whole or not there.
 * @throws OutputError when it cannot be written.
 */
export async function writeTensorFile(
  path: string,
  { tensors, metadata }: TensorFile,
): Promise<void> {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const begin = at;
    at += data.byteLength;
    return [name, { dtype: storedType(dtype), shape, data_offsets: [begin, at] }] as const;
  });
  const text = JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(entries) });
  const bytes = Buffer.from(text);
  const padding = Buffer.alloc((LENGTH_BYTES - (bytes.length % LENGTH_BYTES)) % LENGTH_BYTES, ' ');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(bytes.length + padding.length));
  const numbers = Object.values(tensors).map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  await replaceFile(path, [length, bytes, padding, ...numbers]);
}

/** @throws DataError when the file cannot be read or is damaged. */
export async function readTensorFile(path: string): Promise<TensorFile> {
  const bytes = await readBytes(path);
  const { header, start } = parseHeader(path, bytes);
  const { [METADATA]: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries).map(([name, entry]) => {
    const { dtype, shape, data_offsets: range } = entry as Partial<HeaderEntry>;
    const count = isShape(shape) ? elementCount(shape) : NaN;
    const [begin = NaN, end = NaN] = Array.isArray(range) ? range : [];
    const inside = begin >= 0 && end === begin + 4 * count && start + end <= bytes.length;
    if (!inside || (dtype !== 'F32' && dtype !== 'I32')) {
      throw new DataError(`${path}: damaged: "${name}" is not where the header says`);
    }
    const own = new Uint8Array(bytes.subarray(start + begin, start + end)).buffer;
    const held =
      dtype === 'F32'
        ? tensor('float32', shape!, new Float32Array(own))
        : tensor('int32', shape!, new Int32Array(own));
    return [name, held] as const;
  });
  return {
    tensors: Object.fromEntries(tensors),
    metadata: metadata as Readonly<Record<string, string>>,
  };
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function parseHeader(
  path: string,
  bytes: Uint8Array,
): { header: Readonly<Record<string, unknown>>; start: number } {
  const damaged = (what: string): DataError => new DataError(`${path}: damaged: ${what}`);
  if (bytes.length < LENGTH_BYTES) throw damaged(`expected a header, got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = LENGTH_BYTES + Number(view.getBigUint64(0, true));
  if (start > bytes.length) throw damaged(`expected ${start} bytes of header, got ${bytes.length}`);
  try {
    const header: unknown = JSON.parse(Buffer.from(bytes.subarray(LENGTH_BYTES, start)).toString());
    if (typeof header === 'object' && header !== null) {
      return { header: header as Readonly<Record<string, unknown>>, start };
    }
  } catch {
    // said below
  }
  throw damaged('its header is no JSON object');
}

function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0);
}

function storedType(dtype: Dtype): string {
  if (dtype === 'float32' || dtype === 'int32') return DTYPES[dtype];
  throw new DataError(`expected tensors of float32 or int32, got ${dtype}`);
}
