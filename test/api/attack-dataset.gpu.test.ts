// A whole run through the library: files in, files out.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { attackDataset } from '../../src-ts/index.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const folder = temporaryFolder();
let data = '';

beforeAll(async () => {
  data = join(folder.path, 'idx');
  const pixels = Array.from({ length: 12 * 784 }, (_, at) =>
    Math.abs((at % 28) - 14) < 4 + (Math.floor(at / 784) % 8) ? 180 : 0,
  );
  await put(join(data, 't10k-images-idx3-ubyte'), idx([12, 28, 28], pixels));
});

it('stops when told to, with what is computed written and whole', async () => {
  const out = join(folder.path, 'stopped.ndjson');
  const controller = new AbortController();
  const summary = await attackDataset(
    MODEL,
    { data, batch: 2, out },
    {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 4) controller.abort();
      },
    },
  );
  expect(summary).toMatchObject({ images: 4, interrupted: true, out });
  expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toHaveLength(4);
});

it('writes no file when it is stopped before the first image', async () => {
  const out = join(folder.path, 'nothing.ndjson');
  const signal = AbortSignal.abort();
  const summary = await attackDataset(MODEL, { data, out }, { signal });
  expect(summary).toMatchObject({ images: 0, interrupted: true, out: null });
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('tells progress, a software device, and the normalised ρ', async () => {
  const seen: number[] = [];
  const summary = await attackDataset(
    MODEL,
    { data, batch: 8, range: '2:12', mean: [0.25], std: [0.5] },
    { onProgress: ({ done, total }) => seen.push(done / total) },
  );
  expect(seen).toEqual([...Array(11).keys()].map((k) => k / 10));
  expect(summary.mean).toEqual([0.25]);
  expect(summary.rho_input_mean).not.toBeNull();
  expect(summary.accuracy).toBeNull();
});
