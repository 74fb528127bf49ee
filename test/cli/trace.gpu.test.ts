// `deepfool attack --trace`: what a trace of a real run holds, and that it changes no result.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { attackDataset } from '../../src-ts/api/attack-dataset.ts';
import { openDevice } from '../../src-ts/api/device.ts';
import type { StepPlan } from '../../src-ts/report/plan.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';
import { run } from './run.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const IMAGES = 8;
const folder = temporaryFolder();
let data = '';

beforeAll(async () => {
  data = join(folder.path, 'idx');
  const pixels = Array.from({ length: IMAGES * 784 }, (_, at) => (at * 7) % 256);
  await put(join(data, 't10k-images-idx3-ubyte'), idx([IMAGES, 28, 28], pixels));
});

interface Event {
  readonly name: string;
  readonly cat?: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly bytes?: number; readonly node?: string };
}

it('holds every kernel of every step, transfers, loading and gaps; results stay the same', async () => {
  const path = join(folder.path, 'trace.json');
  const out = (name: string): string => join(folder.path, name);
  const attack = ['attack', MODEL, '--data', data, '--batch', '4', '--json'];
  const traced = await run(...attack, '--out', out('a.ndjson'), '--trace', path);
  expect(traced.status).toBe(0);
  await run(...attack, '--out', out('b.ndjson'));
  expect(readFileSync(out('a.ndjson'), 'utf8')).toBe(readFileSync(out('b.ndjson'), 'utf8'));

  const events = JSON.parse(readFileSync(path, 'utf8')) as Event[];
  const of = (cat: string): Event[] => events.filter((event) => event.cat === cat);
  const { plan } = JSON.parse(
    (await run('info', MODEL, '--plan', '--batch', '4', '--json')).out,
  ) as {
    plan: StepPlan;
  };
  const steps = of('encoding').length;
  const kernels = of('kernels');
  expect(kernels).toHaveLength(steps * plan.dispatches);
  expect(new Set(kernels.map(({ args }) => args.node))).toEqual(
    new Set(plan.calls.map(({ label }) => label)),
  );
  const begin = of('encoding')[0]!.ts;
  for (const { ts, dur } of kernels) {
    expect(dur).toBeGreaterThanOrEqual(0);
    expect(ts).toBeGreaterThan(begin - 1e4); // clocks agree within ten milliseconds
  }
  const order = kernels.map(({ ts }) => ts);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  const images = of('uploads').filter(({ name }) => name === 'x0');
  expect(images).toHaveLength(IMAGES);
  expect(images.every(({ args }) => args.bytes === 4 * 784)).toBe(true);
  expect(of('loader').filter(({ ph }) => ph === 'b')).toHaveLength(IMAGES);
  expect(of('reads').length).toBeGreaterThanOrEqual(2 * (steps - 3));
});

it('needs a device of its own, and a file that can be written', async () => {
  const device = await openDevice();
  const act = attackDataset(MODEL, { data, device, trace: join(folder.path, 't.json') });
  await expect(act).rejects.toThrow('--trace: a device that is open already cannot be traced');
  device.dispose();
  const { status, err } = await run('attack', MODEL, '--data', data, '--trace', '/no/where.json');
  expect(err).toContain('/no/where.json: the trace cannot be written');
  expect(status).toBe(1);
});
