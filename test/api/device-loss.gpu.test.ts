// A device that is lost in the middle of a run: another takes over, and no number changes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { attackDataset, throughLosses } from '../../src-ts/api/attack-dataset.ts';
import { DeviceLostError } from '../../src-ts/core/errors.ts';
import { listAdapters } from '../../src-ts/executor/webgpu/index.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const IMAGES = 24;
const folder = temporaryFolder();
let data = '';

beforeAll(async () => {
  data = join(folder.path, 'idx');
  const pixels = Array.from({ length: IMAGES * 784 }, (_, at) => (at * 7 + (at >> 9)) % 256);
  await put(join(data, 't10k-images-idx3-ubyte'), idx([IMAGES, 28, 28], pixels));
});

/** Devices as they are opened, so that one can be taken away. */
async function watchDevices(): Promise<{ opened: GPUDevice[]; stop: () => void }> {
  await listAdapters(); // installs the globals
  const opened: GPUDevice[] = [];
  const { prototype } = GPUAdapter;
  const original = Object.getOwnPropertyDescriptor(prototype, 'requestDevice')!;
  const request = original.value as GPUAdapter['requestDevice'];
  prototype.requestDevice = async function (this: GPUAdapter, descriptor) {
    const device = await request.call(this, descriptor);
    opened.push(device);
    return device;
  };
  return { opened, stop: () => Object.defineProperty(prototype, 'requestDevice', original) };
}

it('the run goes on where it was, on a new device, and says so', async () => {
  const out = (name: string): string => join(folder.path, name);
  await attackDataset(MODEL, { data, batch: 4, out: out('whole.ndjson') });
  const { opened, stop } = await watchDevices();
  const notes: string[] = [];
  const summary = await attackDataset(
    MODEL,
    { data, batch: 4, out: out('lost.ndjson') },
    {
      onNote: (note) => notes.push(note),
      onProgress: ({ done }) => {
        if (done === 5 && opened.length === 1) opened[0]!.destroy();
      },
    },
  );
  stop();
  expect(opened).toHaveLength(2);
  expect(readFileSync(out('lost.ndjson'), 'utf8')).toBe(readFileSync(out('whole.ndjson'), 'utf8'));
  const told = /^the device was lost after \d+ images; the rest ran on a new one$/;
  expect(notes.filter((note) => told.test(note))).toHaveLength(1);
  expect(summary.notes.filter((note) => told.test(note))).toHaveLength(1);
  expect(summary.images).toBe(IMAGES);
});

it('a device that is lost again and again ends the run', async () => {
  let opened = 0;
  const begin = async function* (done: number): AsyncGenerator<number> {
    await Promise.resolve();
    yield done;
    throw new DeviceLostError('gone');
  };
  const collect = async (): Promise<number[]> => {
    const all: number[] = [];
    const reopen = (): Promise<void> => {
      opened++;
      return Promise.resolve();
    };
    for await (const each of throughLosses(begin, reopen)) all.push(each);
    return all;
  };
  await expect(collect()).rejects.toThrow('gone');
  expect(opened).toBe(3);
});
