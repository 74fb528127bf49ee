// Devices that refuse, lie, run out of memory or are lost in the middle of a run: it goes on, no number
// changes, and the result says what happened.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { attackDataset, type RunOptions, type Watch } from '../../src-ts/api/attack-dataset.ts';
import { deepfool } from '../../src-ts/api/deepfool.ts';
import { openDevice } from '../../src-ts/api/device.ts';
import { fgsm } from '../../src-ts/api/baselines.ts';
import { loadModel } from '../../src-ts/api/model.ts';
import { planAttack } from '../../src-ts/api/plan.ts';
import { tuningPath } from '../../src-ts/api/tuning-file.ts';
import type { Result } from '../../src-ts/api/result.ts';
import { DeviceLostError, OutOfMemoryError } from '../../src-ts/core/errors.ts';
import type { Summary } from '../../src-ts/report/summary.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';
import {
  during,
  exhaust,
  lieAboutBindings,
  lieAboutBuffers,
  limitMemory,
  watchDevices,
  wrapMethod,
} from '../executor/faults.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const IMAGES = 24;
const BATCH = 4;
const PIXELS = Array.from({ length: IMAGES * 784 }, (_, at) => (at * 7 + (at >> 9)) % 256);
const folder = temporaryFolder();
let data = '';
/** Records of a run in which nothing fails. */
let whole = '';

interface Outcome {
  readonly records: string;
  readonly summary: Summary;
  readonly told: readonly string[];
}

async function attack(options: Partial<RunOptions> = {}, watch: Watch = {}): Promise<Outcome> {
  const out = join(folder.path, 'records.ndjson');
  const told: string[] = [];
  const onNote = (note: string): number => told.push(note);
  const all = { data, batch: BATCH, out, ...options };
  const summary = await attackDataset(MODEL, all, { ...watch, onNote });
  return { records: readFileSync(out, 'utf8'), summary, told };
}

/** Expects one line that matches, while the run goes on and in its summary; and every record as it was. */
function expectSame({ records, summary, told }: Outcome, note: RegExp): void {
  expect(told.filter((each) => note.test(each))).toHaveLength(1);
  expect(summary.notes.filter((each) => note.test(each))).toHaveLength(1);
  expect(summary.images).toBe(IMAGES);
  expect(records).toBe(whole);
}

/** Fails once, when so many images are counted. */
const failAt = (
  count: number,
  opened: readonly GPUDevice[],
  fail: (device: GPUDevice) => void,
): Watch => {
  let failed = false;
  return {
    onProgress: ({ done }) => {
      if (done < count || failed) return;
      failed = true;
      fail(opened.at(-1)!);
    },
  };
};

beforeAll(async () => {
  data = join(folder.path, 'idx');
  await put(join(data, 't10k-images-idx3-ubyte'), idx([IMAGES, 28, 28], PIXELS));
  whole = (await attack()).records;
});

it('goes on where it was on a new device, when one is lost', async () => {
  const opened: GPUDevice[] = [];
  const outcome = await during([watchDevices(opened)], () =>
    attack(
      {},
      failAt(5, opened, (device) => {
        device.destroy();
      }),
    ),
  );
  expect(opened).toHaveLength(2);
  expectSame(outcome, /^the device was lost after \d+ images; the rest ran on a new one$/);
});

it('goes on with half the batch on the same device, when memory runs out', async () => {
  const opened: GPUDevice[] = [];
  const outcome = await during([watchDevices(opened)], () =>
    attack({}, failAt(5, opened, exhaust)),
  );
  expect(opened).toHaveLength(1);
  expectSame(outcome, /^memory ran out after \d+ images; the rest ran 2 at a time, not 4$/);
});

it('goes on when what was read cannot be mapped', async () => {
  let reads = 0;
  const unmappable = wrapMethod<GPUBuffer, [number], Promise<void>>(
    () => GPUBuffer.prototype,
    'mapAsync',
    (map) =>
      function (this: GPUBuffer, mode: number) {
        return reads++ === 9 ? Promise.reject(new Error('no mapping')) : map.call(this, mode);
      },
  );
  const outcome = await during([unmappable], () => attack());
  expectSame(outcome, /^the device was lost after \d+ images; the rest ran on a new one$/);
});

/** What a step needs at least: all its buffers, and the largest that is bound. */
async function leastNeed(batch: number): Promise<{ total: number; largest: number }> {
  const { memory, buffers } = await planAttack(await loadModel(MODEL), { batch, candidates: 2 });
  return { total: memory.planned, largest: Math.max(...buffers.map(({ bytes }) => bytes)) };
}

it.each([
  ['buffers', async () => [lieAboutBuffers((await leastNeed(16)).largest - 4)]],
  ['bindings', async () => [lieAboutBindings((await leastNeed(16)).largest - 4)]],
  ['memory', async () => limitMemory((await leastNeed(16)).total)],
])('takes a smaller batch from the start where an adapter lies about its %s', async (_, faults) => {
  const outcome = await during(await faults(), () => attack({ batch: 16 }));
  expect(outcome.summary.batch).toBe(8);
  expectSame(outcome, /^batch 8 instead of 16: .* refused \d+ bytes: /);
});

it('takes more rounds where that is enough', async () => {
  const { largest } = await leastNeed(16);
  const outcome = await during([lieAboutBuffers(2 * largest)], () => attack({ batch: 16 }));
  expectSame(outcome, /^batch 16 in more rounds: .* refused \d+ bytes: /);
});

it('says that memory ran out where not even one image fits', async () => {
  const act = during([lieAboutBuffers(1e4)], () => attack());
  await expect(act).rejects.toThrow(OutOfMemoryError);
  await expect(act).rejects.toThrow(/refused \d+ bytes/);
});

it('asks for the limits of every device where the adapter does not give those it claims', async () => {
  const liar = wrapMethod<GPUAdapter, [GPUDeviceDescriptor?], Promise<GPUDevice>>(
    () => GPUAdapter.prototype,
    'requestDevice',
    (request) =>
      function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
        const claimed = Object.keys(descriptor?.requiredLimits ?? {}).length > 0;
        return claimed
          ? Promise.reject(new Error('limit not supported'))
          : request.call(this, descriptor);
      },
  );
  const outcome = await during([liar], () => attack());
  expectSame(
    outcome,
    /refused the limits it claims \(limit not supported\): those of every WebGPU/,
  );
});

it('ends when the device is lost again and again', async () => {
  const opened: GPUDevice[] = [];
  const lossy = wrapMethod<GPUBuffer, [number], Promise<void>>(
    () => GPUBuffer.prototype,
    'mapAsync',
    () => () => Promise.reject(new Error('no mapping')),
  );
  const act = during([watchDevices(opened), lossy], () => attack());
  await expect(act).rejects.toThrow(DeviceLostError);
  await expect(act).rejects.toThrow(/dropped pending work: no mapping/);
  expect(opened).toHaveLength(4);
});

it('saves every image once, whatever happens between', async () => {
  const opened: GPUDevice[] = [];
  const saveImages = join(folder.path, 'saved');
  const calm = await attack({ saveImages });
  const rough = await during([watchDevices(opened)], () =>
    attack({ saveImages }, failAt(5, opened, exhaust)),
  );
  expect(rough.records).toBe(calm.records);
});

const images = (): Float32Array[] =>
  Array.from({ length: IMAGES }, (_, k) =>
    Float32Array.from(PIXELS.slice(k * 784, (k + 1) * 784), (level) => level / 255),
  );

const pick = (results: readonly Result[]): unknown =>
  results.map(({ record, adversarial }) => [record, adversarial]);

it.each([
  ['memory runs out', exhaust, /^memory ran out after \d+ images/],
  [
    'the device is lost',
    (device: GPUDevice) => {
      device.destroy();
    },
    /^the device was lost after \d+ images/,
  ],
] as const)('the iterator goes on too, when %s', async (_, fail, note) => {
  const model = await loadModel(MODEL);
  const calm = await deepfool(model, images(), { batch: BATCH }).collect();
  const opened: GPUDevice[] = [];
  const told: string[] = [];
  const rough = await during([watchDevices(opened)], async () => {
    const results: Result[] = [];
    const onNote = (each: string): number => told.push(each);
    for await (const result of deepfool(model, images(), { batch: BATCH, onNote })) {
      results.push(result);
      if (results.length === 6) fail(opened[0]!);
    }
    return results;
  });
  expect(pick(rough)).toEqual(pick(calm));
  expect(told.filter((each) => note.test(each))).toHaveLength(1);
});

it("a caller's device that is lost ends the run; one that has no memory left does not", async () => {
  const model = await loadModel(MODEL);
  const opened: GPUDevice[] = [];
  await during([watchDevices(opened)], async () => {
    const device = await openDevice();
    const told: string[] = [];
    const options = { batch: BATCH, device, onNote: (each: string) => told.push(each) };
    const run = deepfool(model, images(), options)[Symbol.asyncIterator]();
    await run.next();
    exhaust(opened[0]!);
    let count = 1;
    while ((await run.next()).done !== true) count++;
    expect(count).toBe(IMAGES);
    expect(told).toHaveLength(1);

    const again = deepfool(model, images(), options)[Symbol.asyncIterator]();
    await again.next();
    opened[0]!.destroy();
    await expect(
      (async () => {
        while ((await again.next()).done !== true);
      })(),
    ).rejects.toThrow(DeviceLostError);
    expect(opened).toHaveLength(1);
  });
});

it('fast gradient sign begins again before its ε is chosen', async () => {
  const model = await loadModel(MODEL);
  const calm = await fgsm(model, images(), { batch: BATCH }).collect();
  const opened: GPUDevice[] = [];
  const stream = function* (): Generator<Float32Array> {
    for (const [k, image] of images().entries()) {
      if (k === 13) opened[0]!.destroy();
      yield image;
    }
  };
  const onNote = (): void => undefined;
  const rough = await during([watchDevices(opened)], () =>
    fgsm(model, stream(), { batch: BATCH, onNote }).collect(),
  );
  expect(opened).toHaveLength(2);
  expect(pick(rough)).toEqual(pick(calm));
});

it('runs by the default table where the tuning file is damaged, and every record names the table', async () => {
  const device = await openDevice();
  const { info } = device;
  device.dispose();
  vi.stubEnv('XDG_CACHE_HOME', join(folder.path, 'cache'));
  vi.stubEnv('DEEPFOOL_TUNE', 'read');
  try {
    await put(tuningPath(info), '{');
    const outcome = await attack();
    expectSame(outcome, /damaged: it is no JSON; ignored, the default tuning is used$/);
    const [first] = outcome.records.split('\n');
    expect(outcome.summary.tuning).toMatch(/^default [0-9a-f]{8}$/);
    expect(JSON.parse(first!)).toMatchObject({ tuning: outcome.summary.tuning });
  } finally {
    vi.unstubAllEnvs();
  }
});
