// IDX, the format of MNIST and its relatives (Fashion-MNIST, KMNIST), gzip or not. A file is a magic
// number (0, 0, element type, number of dimensions), one big-endian uint32 per dimension, then the
// elements. The images of the split that is opened are kept in memory as bytes: 47 MB at most for
// MNIST, and gzip has no random access.

import { basename, dirname, join } from 'node:path';
import { DataError } from '../core/errors.ts';
import { kindOf, readMaybeGzip } from './files.ts';
import { emitPixels } from './raw-pixels.ts';
import { type Dataset, type LoadOptions, type Sample, requireIndex } from './sample.ts';
import { parseSplitName } from './splits.ts';

const UINT8 = 0x08; // the only element type that image sets use
const IMAGES_NAME = /^([a-z0-9]+)-images[-.]idx3-ubyte(\.gz)?$/i;

interface IdxArray {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** Images files by split, among the names in a folder; empty when the folder is not IDX. */
export function findIdxSplits(names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  // In name order `x` comes before `x.gz`, and the plain file is the quicker one.
  for (const name of names) {
    const split = parseSplitName(IMAGES_NAME.exec(name)?.[1] ?? '');
    if (split !== null && !found.has(split)) found.set(split, name);
  }
  return found;
}

/** Whether a file begins like IDX: two zeros, a known element type, 1 to 4 dimensions. */
export function isIdx(head: Uint8Array): boolean {
  const [first, second, type = 0, rank = 0] = head;
  return first === 0 && second === 0 && type >= 0x08 && type <= 0x0e && rank >= 1 && rank <= 4;
}

/**
 * Opens an images file, with the labels file beside it when there is one.
 * @throws DataError when a file is cut short or the counts of images and labels differ.
 */
export async function openIdx(imagesPath: string): Promise<Dataset> {
  const images = parseIdx(await readMaybeGzip(imagesPath), imagesPath);
  const [count = 0, height = 0, width = 0] = images.dims;
  if (images.dims.length !== 3) {
    const labels = images.dims.length === 1 ? ', which is how labels are stored' : '';
    throw new DataError(
      `${imagesPath}: expected images (3 dimensions), got ${images.dims.length}${labels}`,
    );
  }
  if (images.data.length === 0) {
    throw new DataError(`${imagesPath}: expected images, got ${images.dims.join('×')}`);
  }
  const labels = await readLabels(imagesPath, count);
  const name = basename(imagesPath).replace(/\.gz$/i, '');
  const shape = [1, height, width] as const;
  const dataset: Dataset = {
    format: 'IDX',
    path: imagesPath,
    split: parseSplitName(IMAGES_NAME.exec(basename(imagesPath))?.[1] ?? ''),
    length: count,
    classNames: null,
    imageShape: shape,
    load: (index, options) => Promise.resolve().then(() => read(index, options)),
  };
  const read = (index: number, options: LoadOptions = {}): Sample => {
    requireIndex(dataset, index);
    const bytes = images.data.subarray(index * height * width, (index + 1) * height * width);
    const source = `${name}[${index}]`;
    const label = labels?.[index] ?? null;
    return { index, source, label, ...emitPixels({ bytes, shape }, options, imagesPath) };
  };
  return dataset;
}

async function readLabels(imagesPath: string, count: number): Promise<Uint8Array | null> {
  const path = await findLabels(imagesPath);
  if (path === null) return null;
  const { dims, data } = parseIdx(await readMaybeGzip(path), path);
  if (dims.length !== 1) {
    throw new DataError(`${path}: expected labels (1 dimension), got ${dims.length} dimensions`);
  }
  if (data.length !== count) {
    throw new DataError(
      `${path}: expected ${count} labels, one for each image of ${basename(imagesPath)}, ` +
        `got ${data.length}`,
    );
  }
  return data;
}

async function findLabels(imagesPath: string): Promise<string | null> {
  const images = basename(imagesPath);
  const labels = images.replace('images', 'labels').replace('idx3', 'idx1').replace(/\.gz$/i, '');
  if (labels === images.replace(/\.gz$/i, '')) return null; // no way to tell its labels' name
  for (const name of [labels, `${labels}.gz`]) {
    const path = join(dirname(imagesPath), name);
    if ((await kindOf(path)) === 'file') return path;
  }
  return null;
}

function parseIdx(bytes: Uint8Array, path: string): IdxArray {
  if (!isIdx(bytes)) {
    const got = bytes.length === 0 ? 'an empty file' : `bytes ${bytes.subarray(0, 4).join(' ')}`;
    throw new DataError(`${path}: expected an IDX magic number (0 0 8 3 for images), got ${got}`);
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes[2] !== UINT8) {
    throw new DataError(`${path}: expected IDX elements of type 8 (uint8), got type ${bytes[2]}`);
  }
  if (bytes.length < start) {
    throw new DataError(`${path}: expected an IDX header of ${start} bytes, got ${bytes.length}`);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  const dims = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + 4 * axis));
  const expected = start + dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length !== expected) {
    const fault = bytes.length < expected ? 'cut short' : 'too long';
    throw new DataError(
      `${path}: ${fault}: expected ${expected} bytes for ${dims.join('×')} uint8, ` +
        `got ${bytes.length}`,
    );
  }
  return { dims, data: bytes.subarray(start) };
}
