// CIFAR's binary version (cs.toronto.edu/~kriz/cifar.html): records without a header, each one or two
// label bytes and then 3 × 32 × 32 bytes, red plane first. Records are read from the file one by one,
// so a data set of any size costs no memory.

import { basename, dirname, join } from 'node:path';
import { DataError } from '../core/errors.ts';
import { byteLengthOf, kindOf, readBytes, readPart } from './files.ts';
import { emitPixels } from './raw-pixels.ts';
import { type Dataset, requireIndex } from './sample.ts';

const SHAPE = [3, 32, 32] as const;
const PIXEL_BYTES = 3 * 32 * 32;

interface CifarFormat {
  readonly name: string;
  readonly labelBytes: number; // the last one is the class; CIFAR-100 has the superclass before it
  readonly classes: number;
  readonly namesFile: string;
}

const CIFAR_10: CifarFormat = {
  name: 'CIFAR-10 binary',
  labelBytes: 1,
  classes: 10,
  namesFile: 'batches.meta.txt',
};
const CIFAR_100: CifarFormat = {
  name: 'CIFAR-100 binary',
  labelBytes: 2,
  classes: 100,
  namesFile: 'fine_label_names.txt',
};

interface Batch {
  readonly path: string;
  readonly count: number;
}

/** Batch files by split, among the names in a folder; empty when the folder is not CIFAR. */
export function findCifarSplits(names: readonly string[]): Map<string, string[]> {
  const splits = new Map([
    ['train', names.filter((name) => /^data_batch_\d+\.bin$/.test(name) || name === 'train.bin')],
    ['test', names.filter((name) => name === 'test_batch.bin' || name === 'test.bin')],
  ]);
  return new Map([...splits].filter(([, files]) => files.length > 0));
}

/**
 * Opens batch files, in the order given, as one data set; `path` is what errors call it.
 * @throws DataError when a file is not made of whole records or mixes CIFAR-10 with CIFAR-100.
 */
export async function openCifar(
  path: string,
  files: readonly string[],
  split: string | null,
): Promise<Dataset> {
  const batches: Batch[] = [];
  const formats = new Set<CifarFormat>();
  for (const file of files) {
    const byteLength = await byteLengthOf(file);
    const format = requireFormat(file, byteLength);
    formats.add(format);
    batches.push({ path: file, count: byteLength / recordBytes(format) });
  }
  const [format = CIFAR_10, ...others] = formats;
  if (others.length > 0) {
    throw new DataError(`${path}: expected one format, got CIFAR-10 and CIFAR-100 batches`);
  }
  const classNames = await readClassNames(join(dirname(files[0] ?? path), format.namesFile));
  const dataset: Dataset = {
    format: format.name,
    path,
    split,
    length: batches.reduce((sum, batch) => sum + batch.count, 0),
    classNames,
    imageShape: SHAPE,
    load: async (index, options = {}) => {
      requireIndex(dataset, index);
      const { batch, record } = locate(batches, index);
      const source = `${basename(batch.path)}[${record}]`;
      const size = recordBytes(format);
      const bytes = await readPart(batch.path, record * size, size);
      const label = requireLabel(bytes[format.labelBytes - 1]!, format, source);
      const image = { bytes: bytes.subarray(format.labelBytes), shape: SHAPE };
      return { index, source, label, ...emitPixels(image, options, path) };
    },
  };
  return dataset;
}

function recordBytes(format: CifarFormat): number {
  return format.labelBytes + PIXEL_BYTES;
}

// Sizes tell the formats apart up to 3073 × 3074 bytes (150 times a batch); then the name decides.
function formatOf(path: string, byteLength: number): CifarFormat | null {
  const likely = /^(train|test)\.bin$/.test(basename(path));
  const formats = likely ? [CIFAR_100, CIFAR_10] : [CIFAR_10, CIFAR_100];
  if (byteLength === 0) return null;
  return formats.find((format) => byteLength % recordBytes(format) === 0) ?? null;
}

function requireFormat(path: string, byteLength: number): CifarFormat {
  const format = formatOf(path, byteLength);
  if (format !== null) return format;
  throw new DataError(
    `${path}: expected whole records of 3073 bytes (CIFAR-10) or 3074 (CIFAR-100), ` +
      `got ${byteLength} bytes`,
  );
}

function requireLabel(label: number, format: CifarFormat, source: string): number {
  if (label < format.classes) return label;
  throw new DataError(`${source}: expected a label below ${format.classes}, got ${label}`);
}

function locate(batches: readonly Batch[], index: number): { batch: Batch; record: number } {
  let record = index;
  for (const batch of batches) {
    if (record < batch.count) return { batch, record };
    record -= batch.count;
  }
  throw new DataError(`expected an index below ${index - record}, got ${index}`);
}

async function readClassNames(path: string): Promise<string[] | null> {
  if ((await kindOf(path)) !== 'file') return null;
  const text = new TextDecoder().decode(await readBytes(path));
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
