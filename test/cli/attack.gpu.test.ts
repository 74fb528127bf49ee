// `deepfool attack` and `deepfool devices` on a device.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Summary } from '../../src-ts/report/summary.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';
import { run } from './run.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODEL = join(ROOT, 'examples/lenet-fashion-mnist.onnx');
const COUNT = 4000; // more than any device attacks one by one before the first line of progress
const folder = temporaryFolder();
let data = '';

beforeAll(async () => {
  data = join(folder.path, 'idx');
  const pixels = Array.from({ length: COUNT * 784 }, (_, at) => {
    const [image, x, y] = [Math.floor(at / 784), at % 28, Math.floor(at / 28) % 28];
    const inside = Math.abs(x - 14) * 2 < 4 + (image % 20) && Math.abs(y - 14) * 2 < 24;
    return inside ? 120 + ((image * 37 + x * 5) % 120) : 0;
  });
  await put(join(data, 't10k-images-idx3-ubyte'), idx([COUNT, 28, 28], pixels));
  await put(join(data, 't10k-labels-idx1-ubyte'), idx([COUNT], Array<number>(COUNT).fill(3)));
});

it('prints one JSON object, writes a record an image, and draws a sheet', async () => {
  const [out, sheet] = [join(folder.path, 'r.ndjson'), join(folder.path, 'r.png')];
  const { status, out: text } = await run(
    ...['attack', MODEL, '--data', data, '--range', '3:23', '--norm', 'inf', '--batch', '8'],
    ...['--overshoot', '0.05', '--out', out, '--contact-sheet', sheet, '--json'],
  );
  expect(status).toBe(0);
  const summary = JSON.parse(text) as Summary;
  expect(summary).toMatchObject({ images: 20, norm: 'inf', overshoot: 0.05, batch: 8 });
  expect(summary).toMatchObject({ split: 'test', range: '3:23', out, contact_sheet: sheet });
  const records = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { index: number; status: string; rho: number });
  expect(records.map(({ index }) => index)).toEqual([...Array(20).keys()].map((k) => k + 3));
  const fooled = records.filter((record) => record.status === 'fooled');
  expect(summary.fooled).toBe(fooled.length);
  const mean = fooled.reduce((sum, { rho }) => sum + rho, 0) / fooled.length;
  expect(summary.rho_mean).toBeCloseTo(mean, 6);
  expect(readFileSync(sheet).subarray(1, 4).toString()).toBe('PNG');
});

it('computes fewer gradients with --lazy, and tells how many', async () => {
  const attack = async (...more: string[]): Promise<[Summary, number]> => {
    const out = join(folder.path, 'lazy.ndjson');
    const all = [
      'attack',
      MODEL,
      '--data',
      data,
      '--range',
      '0:8',
      '--out',
      out,
      '--json',
      ...more,
    ];
    const { out: text } = await run(...all);
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { products: number });
    return [JSON.parse(text) as Summary, records.reduce((sum, { products }) => sum + products, 0)];
  };
  const [whole, all] = await attack();
  const [lazy, some] = await attack('--lazy', '1.5');
  expect(whole).toMatchObject({ lazy: null, products_per_step: 9 });
  expect(lazy.lazy).toBe(1.5);
  expect(some).toBeLessThan(all);
  expect(lazy.products_per_step).toBeCloseTo(some / (lazy.steps_mean! * lazy.fooled), 6);
});

it('prints a summary for people without --json', async () => {
  const { status, out } = await run('attack', MODEL, '--data', data, '--range', '0:4');
  expect(out).toMatch(/DeepFool on lenet-fashion-mnist.onnx, images 0:4 of .*idx \(test\)\n/);
  expect(out).toMatch(/ {2}fooled {11}\d of 4 \(/);
  expect(status).toBe(0);
});

it('fails when nothing is left to attack', async () => {
  const none = ['--only-correct', '--range', '0:2'];
  const labels = join(folder.path, 'never');
  await put(
    join(labels, 't10k-images-idx3-ubyte'),
    readFileSync(join(data, 't10k-images-idx3-ubyte')),
  );
  await put(join(labels, 't10k-labels-idx1-ubyte'), idx([COUNT], Array<number>(COUNT).fill(255)));
  const { status, err } = await run('attack', MODEL, '--data', labels, ...none);
  expect(err).toContain('no image was attacked');
  expect(status).toBe(1);
});

it('lists devices', async () => {
  const { status, out } = await run('devices', '--json');
  const { devices, auto } = JSON.parse(out) as { devices: { name: string }[]; auto: string };
  expect(devices[0]!.name).toBe(auto);
  expect(status).toBe(0);
  expect((await run('devices')).out).toContain(`* ${auto}\n`);
});

it('writes what it has at Ctrl-C, whole, and exits with 130', async () => {
  const out = join(folder.path, 'stopped.csv');
  const args = ['attack', MODEL, '--data', data, '--batch', '1', '--out', out, '--json'];
  const node = ['--import', './scripts/typescript.mjs', 'src-ts/cli/main.ts', ...args];
  const child = spawn(process.execPath, node, { cwd: ROOT });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    if (/[1-9]\d*\/4000 images/.test(chunk.toString())) child.kill('SIGINT');
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(status).toBe(130);
  const summary = JSON.parse(text) as Summary;
  expect(summary.interrupted).toBe(true);
  expect(summary.images).toBeGreaterThan(0);
  expect(summary.images).toBeLessThan(COUNT);
  expect(existsSync(out)).toBe(true);
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(summary.images + 1);
  expect(lines.at(-1)!.startsWith(`${summary.images - 1},`)).toBe(true);
});
