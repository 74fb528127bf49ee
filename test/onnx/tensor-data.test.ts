// Stored numbers in each of ONNX's forms, and files beside the model.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { decodeTensor } from '../../src-ts/onnx/proto/decode.ts';
import {
  BFLOAT16,
  BOOL,
  DOUBLE,
  FLOAT,
  FLOAT16,
  INT32,
  INT64,
  UINT8,
  tensorBytes,
} from './onnx-file.ts';

const load = (fields: object, baseDir: string | null = null): Tensor =>
  decodeTensor(tensorBytes(fields), { name: 't.pb', baseDir }).load();

const raw = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe('a stored tensor', () => {
  test.each<[string, object, string, number[]]>([
    ['float_data', { dataType: FLOAT, floatData: [1.5, -2] }, 'float32', [1.5, -2]],
    [
      'raw float32',
      { dataType: FLOAT, rawData: raw(Float32Array.of(1.5, -2)) },
      'float32',
      [1.5, -2],
    ],
    ['double_data', { dataType: DOUBLE, doubleData: [0.5, 3] }, 'float32', [0.5, 3]],
    [
      'raw float64',
      { dataType: DOUBLE, rawData: raw(Float64Array.of(0.5, 3)) },
      'float32',
      [0.5, 3],
    ],
    [
      'raw float16',
      { dataType: FLOAT16, rawData: raw(Uint16Array.of(0x3e00, 0x8001)) },
      'float32',
      [1.5, -(2 ** -24)],
    ],
    [
      'float16 in int32_data',
      { dataType: FLOAT16, int32Data: [0x7c00, 0xc000] },
      'float32',
      [Infinity, -2],
    ],
    [
      'raw bfloat16',
      { dataType: BFLOAT16, rawData: raw(Uint16Array.of(0x3fc0, 0xc000)) },
      'float32',
      [1.5, -2],
    ],
    [
      'bfloat16 in int32_data',
      { dataType: BFLOAT16, int32Data: [0x3fc0, 0xc000] },
      'float32',
      [1.5, -2],
    ],
    ['int64_data', { dataType: INT64, int64Data: [7, -1] }, 'int64', [7, -1]],
    ['raw int64', { dataType: INT64, rawData: raw(BigInt64Array.of(7n, -1n)) }, 'int64', [7, -1]],
    ['int32_data', { dataType: INT32, int32Data: [7, -1] }, 'int32', [7, -1]],
    ['raw uint8', { dataType: UINT8, rawData: Uint8Array.of(7, 255) }, 'int32', [7, 255]],
    ['raw int8', { dataType: 3, rawData: Uint8Array.of(7, 255) }, 'int32', [7, -1]],
    ['raw bool', { dataType: BOOL, rawData: Uint8Array.of(0, 1) }, 'bool', [0, 1]],
  ])('in %s', (_form, fields, dtype, values) => {
    const held = load({ dims: [2], ...fields });
    expect(held.dtype).toBe(dtype);
    expect(Array.from(held.data)).toEqual(values);
  });

  test('of text is refused', () => {
    expect(() => load({ dims: [1], dataType: 8 })).toThrow('string tensors are not supported');
  });
});

describe('external data', () => {
  let folder = '';
  const stored = (location: string, more: Record<string, string> = {}): object => ({
    dims: [2],
    dataType: FLOAT,
    dataLocation: 1,
    externalData: Object.entries({ location, ...more }).map(([key, value]) => ({ key, value })),
  });

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'external-'));
    mkdirSync(path.join(folder, 'model/inner'), { recursive: true });
    execFileSync('mkfifo', [path.join(folder, 'model/pipe')]);
    writeFileSync(path.join(folder, 'secret.bin'), raw(Float32Array.of(9, 9)));
    writeFileSync(path.join(folder, 'model/w.bin'), raw(Float32Array.of(0, 1.5, -2)));
    symlinkSync('../secret.bin', path.join(folder, 'model/link.bin'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('is read from the file beside the model', () => {
    const held = load(stored('w.bin', { offset: '4', length: '8' }), path.join(folder, 'model'));
    expect(Array.from(held.data)).toEqual([1.5, -2]);
  });

  test.each([
    ['../secret.bin', {}, 'the path contains ".."'],
    ['/etc/passwd', {}, 'the path is absolute'],
    ['C:\\w.bin', {}, 'the path is absolute'],
    ['link.bin', {}, "a link leads out of the model's folder"],
    ['missing.bin', {}, 'no such file'],
    ['inner', {}, 'it is no regular file'],
    ['inner/../w.bin', {}, 'the path contains ".."'],
    ['pipe', {}, 'it is no regular file'],
    [
      'w.bin',
      { offset: '4', length: '80' },
      'bytes 4 to 84 of "w.bin" are asked for, the file has 12',
    ],
    ['w.bin', { offset: '-4' }, '"-4" is not a position'],
  ])('%s %o is refused', (location, more, reason) => {
    const model = path.join(folder, 'model');
    expect(() => load(stored(location, more), model)).toThrow(reason);
  });

  test('is refused for a model whose folder is not known', () => {
    expect(() => load(stored('w.bin'))).toThrow("the model's folder is not known");
  });
});
