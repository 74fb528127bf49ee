// Tensor files come back as they were written, and damage is told.
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataError, OutputError } from '../../src-ts/core/errors.ts';
import { floatTensor, intTensor } from '../../src-ts/core/tensor.ts';
import { readTensorFile, writeTensorFile } from '../../src-ts/data/tensor-file.ts';
import { temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();
const FILE = {
  tensors: {
    'fc1.weight': floatTensor([2, 2], [1, -0, NaN, 1e-40]),
    steps: intTensor([3], [1, -2, 3]),
    none: floatTensor([0, 4], []),
  },
  metadata: { format: 'test', what: '"quoted" – and more' },
};

it('reads back what was written, to the bit, and leaves nothing else behind', async () => {
  const path = join(folder.path, 'a.checkpoint');
  await writeTensorFile(path, FILE);
  const { tensors, metadata } = await readTensorFile(path);
  expect(tensors).toEqual(FILE.tensors);
  expect(Object.is(tensors['fc1.weight']!.data[1], -0)).toBe(true);
  expect(metadata).toEqual(FILE.metadata);
  expect(readdirSync(folder.path)).toEqual(['a.checkpoint']);
});

it('has the layout of safetensors', async () => {
  const path = join(folder.path, 'layout');
  await writeTensorFile(path, { tensors: { x: floatTensor([1], [1]) }, metadata: {} });
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  expect(length % 8).toBe(0);
  expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
    __metadata__: {},
    x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
  });
  expect(bytes.subarray(8 + length)).toEqual(Buffer.from(Float32Array.of(1).buffer));
});

describe('damage is told:', () => {
  it.each<[string, (bytes: Buffer) => Uint8Array, string]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 4), 'is not where the header says'],
    ['cut in the header', (bytes) => bytes.subarray(0, 20), 'bytes of header, got 20'],
    ['almost nothing', (bytes) => bytes.subarray(0, 3), 'expected a header, got 3 bytes'],
    ['no JSON', (bytes) => bytes.fill(0x7b, 8, 16), 'its header is no JSON object'],
  ])('%s', async (_, damage, message) => {
    const path = join(folder.path, 'damaged');
    await writeTensorFile(path, FILE);
    await writeFile(path, damage(await readFile(path)));
    const refusal = expect(readTensorFile(path)).rejects;
    await refusal.toThrow(DataError);
    await expect(readTensorFile(path)).rejects.toThrow(message);
  });
});

it('says where it cannot write', async () => {
  const path = join(folder.path, 'no', 'such', 'file');
  const refusal = writeTensorFile(path, FILE);
  await expect(refusal).rejects.toThrow(OutputError);
  await expect(refusal).rejects.toThrow(`${path}: cannot be written: its folder does not exist`);
});
