// Adversarial images saved, read again by sharp and classified by onnxruntime: the records say what is
// true of the files. Real models and images lie in the folder that DEEPFOOL_SHARED names.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attackDataset,
  deepfool,
  formatSummary,
  loadModel,
  openDataset,
  openDevice,
  type AttackOptions,
  type AttackRecord,
  type Device,
  type Result,
} from '../../src-ts/index.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';
import { classifyFiles, readWithSharp } from '../reference/other-reader.ts';

const DEMO = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const present = existsSync(join(shared, 'models'));
if (!present) console.log(`skipped: saved images of real data sets (no ${shared}/models)`);

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder.path, name);
let device: Device;
let shapes = '';

beforeAll(async () => {
  device = await openDevice();
  shapes = inFolder('idx');
  const pixels = Array.from({ length: 12 * 784 }, (_, at) =>
    Math.abs((at % 28) - 14) < 4 + (Math.floor(at / 784) % 8) ? 180 : 0,
  );
  await put(join(shapes, 't10k-images-idx3-ubyte'), idx([12, 28, 28], pixels));
  await put(join(shapes, 't10k-labels-idx1-ubyte'), idx([12], Array<number>(12).fill(6)));
});
afterAll(() => {
  device.dispose();
});

async function attack(
  file: string,
  data: string,
  options: AttackOptions & { saveImages: string },
): Promise<Result[]> {
  const model = await loadModel(file);
  return deepfool(model, await openDataset(data), { ...options, device }).collect();
}

/** Holds each record to its file, as other programs read and classify it. */
async function expectTrue(
  file: string,
  path: string,
  results: readonly Result[],
  options: AttackOptions,
): Promise<AttackRecord[]> {
  const fooled = results.filter(({ record }) => record.status === 'fooled');
  const names = fooled.map(({ record }) => record.saved_as!);
  expect(readdirSync(path).sort()).toEqual([...names].sort());
  const seen = await classifyFiles(
    file,
    names.map((name) => join(path, name)),
    options,
  );
  for (const [k, { record, image }] of fooled.entries()) {
    expect(record.saved_adversarial, record.source).toBe(seen[k]);
    expect(record.survives_8bit).toBe(seen[k] !== record.predicted);
    const { levels, shape } = await readWithSharp(join(path, names[k]!));
    const [channels, height, width] = shape;
    const r = Array.from(image!.pixels, (value, at) => {
      const [channel, place] = [Math.floor(at / (height * width)), at % (height * width)];
      return levels[place * channels + channel]! / 255 - value;
    });
    const l2 = Math.sqrt(r.reduce((sum, value) => sum + value * value, 0));
    expect(record.saved_l2!).toBeCloseTo(l2, 5);
    expect(record.saved_linf!).toBeCloseTo(
      r.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      6,
    );
  }
  return fooled.map(({ record }) => record);
}

it.each([{ norm: 2 }, { norm: Infinity, quantize: true }, { norm: 1.5, refine: true }])(
  'records what the files hold, %j',
  async (way) => {
    const path = inFolder(`files-${way.norm}`);
    const options = { ...way, saveImages: path, batch: 5 };
    const results = await attack(DEMO, shapes, options);
    expect(results.map(({ record }) => record.index)).toEqual([...Array(12).keys()]);
    const records = await expectTrue(DEMO, path, results, options);
    expect(records.length).toBeGreaterThan(6);
    for (const record of records) {
      if ('quantize' in way) expect(record.survives_8bit).toBe(true);
      if (way.norm === 1.5) expect(record.saved_lp).toBeGreaterThan(0);
    }
  },
);

it('leaves out what only-correct leaves out, and pixels nobody wants', async () => {
  const path = inFolder('correct');
  const options = { onlyCorrect: true, pixels: false, saveImages: path };
  const results = await attack(DEMO, shapes, options);
  expect(results.every(({ adversarial }) => adversarial === null)).toBe(true);
  expect(readdirSync(path)).toHaveLength(
    results.filter(({ record }) => record.status === 'fooled').length,
  );
  expect(results.length).toBeLessThan(12);
});

it('sums up a run: survivors, clipping, the files of an earlier run', async () => {
  const path = inFolder('run');
  const out = inFolder('run.csv');
  const options = { data: shapes, saveImages: path, out, device };
  const first = await attackDataset(DEMO, options);
  expect(first).toMatchObject({ saved: first.fooled, save_images: path, notes: [] });
  expect(formatSummary(first)).toMatch(/in 8 bits +\d+ of \d+ adversarial images still fool, read/);
  expect(formatSummary(first)).toContain(', clipped when saved');
  expect(readFileSync(out, 'utf8')).toMatch(/,(true|false),000000-t10k/);
  const notes: string[] = [];
  const second = await attackDataset(
    DEMO,
    { ...options, quantize: true },
    { onNote: (note) => notes.push(note) },
  );
  expect(second).toMatchObject({ survives_8bit: second.fooled, bounds: [0, 1], quantize: true });
  expect(notes).toContain(
    `${path}: ${first.fooled} images of an earlier run; those of the same names are replaced`,
  );
  expect(formatSummary(second)).toMatch(/ρ quantized +mean [\d.]+, [\d.]+ times r̂ on average/);
});

it('saves what is computed when it is stopped', async () => {
  const path = inFolder('stopped');
  const controller = new AbortController();
  const summary = await attackDataset(
    DEMO,
    { data: shapes, saveImages: path, batch: 2, device },
    {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 4) controller.abort();
      },
    },
  );
  expect(summary).toMatchObject({ images: 4, interrupted: true });
  expect(summary.saved).toBe(summary.fooled);
});

describe.skipIf(!present)('with real models and images', () => {
  const imagenet = {
    ...{ resize: 256, crop: 224 },
    ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  };
  it.each<[string, string, AttackOptions]>([
    ['lenet-mnist', 'mnist', { range: '0:24' }],
    ['lenet-mnist', 'mnist', { range: '24:36', norm: Infinity }],
    ['mobilenetv2-imagenet', 'imagenet', { range: '2:4', ...imagenet }],
  ])('all that fool still do in 8 bits: %s, %s, %j', async (name, data, options) => {
    const file = join(shared, 'models', `${name}.onnx`);
    const path = inFolder(`${name}-${options.norm ?? 2}`);
    const all = { ...options, quantize: true, saveImages: path };
    const results = await attack(file, join(shared, 'data', data), all);
    const records = await expectTrue(file, path, results, options);
    expect(records).toHaveLength(results.length);
    expect(records.every(({ survives_8bit }) => survives_8bit === true)).toBe(true);
  });
});
