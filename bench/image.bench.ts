// How much less CPU time than sharp does loading a photograph take, and writing a PNG? And how much
// faster are two threads than one? The photographs are ImageNet's, from the folder DEEPFOOL_SHARED
// (default: ../shared); without them some are made. torchvision joins where python3 has it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';
import { loadAddon } from '../src-ts/data/addon.ts';
import { decodeImage, encodePng, loadImages, type Image } from '../src-ts/data/image.ts';
import { runBench } from './harness.ts';
import type { Measurement, Work } from './measure.ts';
import { spreadOf } from './statistics.ts';

const [MEAN, STD] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const [RESIZE, CROP] = [256, 224];
const PLANE = CROP * CROP;
const PNGS = 40;
const SAMPLES = 8;
const SHARED = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../shared');

/** JPEG files: photographs, or gradients with noise where there are none. */
async function readPhotographs(): Promise<Buffer[]> {
  const folder = join(SHARED, 'data/imagenet/images');
  if (existsSync(folder)) {
    return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  }
  const [width, height] = [500, 375];
  const make = (seed: number): Promise<Buffer> => {
    const pixels = Buffer.alloc(width * height * 3);
    pixels.forEach(
      (_, i) => (pixels[i] = ((i * seed) / 7919 + (Math.imul(i, 2654435761) >>> 28)) % 256),
    );
    return sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 90 })
      .toBuffer();
  };
  return Promise.all(Array.from({ length: 50 }, (_, i) => make(i + 1)));
}

/** A photograph and where torchvision's crop lies in it, which sharp has to be told. */
interface Job {
  readonly file: Buffer;
  readonly size: readonly [width: number, height: number];
}

async function jobOf(file: Buffer): Promise<Job> {
  const { width, height } = await sharp(file).metadata();
  const scaled = (side: number): number => Math.floor((RESIZE * side) / Math.min(width, height));
  return { file, size: [scaled(width), scaled(height)] };
}

/** The same job with sharp, then channels first in plain loops. */
async function loadWithSharp(jobs: readonly Job[], out: Float32Array): Promise<void> {
  const entries = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { file, size }] of entries) {
      const [left, top] = size.map((side) => Math.floor((side - CROP) / 2)) as [number, number];
      const pixels = await sharp(file)
        .resize(...size, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
        .extract({ left, top, width: CROP, height: CROP })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer();
      normalise(pixels, out.subarray(index * 3 * PLANE, (index + 1) * 3 * PLANE));
    }
  };
  await Promise.all([worker(), worker()]);
}

function normalise(pixels: Buffer, out: Float32Array): void {
  const [s0, s1, s2] = STD.map((std) => 1 / 255 / std) as [number, number, number];
  const [b0, b1, b2] = MEAN.map((mean, c) => -mean / STD[c]!) as [number, number, number];
  for (let p = 0, q = 0; p < PLANE; p++, q += 3) {
    out[p] = pixels[q]! * s0 + b0;
    out[PLANE + p] = pixels[q + 1]! * s1 + b1;
    out[2 * PLANE + p] = pixels[q + 2]! * s2 + b2;
  }
}

const TORCHVISION = `
import io, json, os, sys, time
import torch
from PIL import Image
from torchvision import transforms as T
torch.set_num_threads(1)
job = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize(${JSON.stringify(MEAN)}, ${JSON.stringify(STD)})])
files = [open(os.path.join(sys.argv[1], f), 'rb').read() for f in sorted(os.listdir(sys.argv[1]))]
for f in files: job(Image.open(io.BytesIO(f)).convert('RGB'))
for _ in sys.stdin:
    start = time.process_time()
    for f in files: job(Image.open(io.BytesIO(f)).convert('RGB'))
    print(time.process_time() - start, flush=True)
`;

/**
 * torchvision, which keeps to one thread, and `load` in turns, given one thread as well: their CPU times
 * for all photographs. Null where torchvision is not installed.
 */
async function measureWithTorchvision(load: () => Promise<unknown>): Promise<Measurement[] | null> {
  const folder = join(SHARED, 'data/imagenet/images');
  const hasIt = (python: string): boolean =>
    spawnSync(python, ['-c', 'import torchvision']).status === 0;
  const python = ['python3', '/usr/bin/python3'].find(hasIt);
  if (python === undefined || !existsSync(folder)) return null;
  const rival = spawn(python, ['-c', TORCHVISION, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(rival.stdout)[Symbol.asyncIterator]();
  const times: [ours: number[], theirs: number[]] = [[], []];
  for (let sample = 0; sample < SAMPLES; sample++) {
    rival.stdin.write('\n');
    const answer = await answers.next();
    if (answer.done) throw new Error('torchvision ended early');
    const before = process.cpuUsage();
    await load();
    const { user, system } = process.cpuUsage(before);
    times[0].push((user + system) / 1e6);
    times[1].push(Number(answer.value));
  }
  rival.stdin.end();
  return times.map((all) => ({ times: 1, cpu: spreadOf(all), wall: spreadOf(all) }));
}

await runBench('image', async ({ measure, add }) => {
  const addon = loadAddon();
  const files = await readPhotographs();
  const amount = files.length;
  const into = new Float32Array(amount * 3 * PLANE);
  const options = { resize: RESIZE, crop: CROP, mean: MEAN, std: STD, into };
  const load: Work = async () => {
    const { statuses } = await loadImages(files, options);
    if (!statuses.every(({ ok }) => ok)) throw new Error('a photograph was not read');
  };
  const loadBicubic: Work = async () => {
    await loadImages(files, { ...options, filter: 'bicubic' });
  };
  const loadScalar: Work = async () => {
    const usual = addon.kernels() as 'avx2';
    addon.kernels('scalar');
    await load(1);
    addon.kernels(usual);
  };
  sharp.cache(false);
  sharp.concurrency(1);
  const rival = new Float32Array(into.length);
  const jobs = await Promise.all(files.map(jobOf));
  const loadSharp: Work = () => loadWithSharp(jobs, rival);

  await load(1);
  await loadSharp(1);
  checkAlike(into, rival);
  const once = { samples: SAMPLES, times: 1 };
  const [ours, bicubic, scalar, theirs] = await measure(
    [load, loadBicubic, loadScalar, loadSharp],
    once,
  );
  add({
    title: `${amount} photographs to ${CROP} × ${CROP} tensors`,
    unit: 'image',
    rows: [
      { name: 'deepfool-webgpu', amount, measurement: ours! },
      { name: 'deepfool-webgpu, bicubic', amount, measurement: bicubic! },
      { name: 'deepfool-webgpu, scalar code', amount, measurement: scalar! },
      { name: `sharp ${sharp.versions.sharp}`, amount, measurement: theirs! },
    ],
    notes: [
      `${((1000 * ours!.cpu.median) / amount).toFixed(2)} ms of CPU time an image, sharp ${((1000 * theirs!.cpu.median) / amount).toFixed(2)} ms.`,
      'Timed: files in memory to normalised float32, channels first; sharp with two at a time.',
    ],
  });

  const threads = addon.threads();
  const withThreads = (count: number): Work => {
    return async () => {
      addon.threads(count);
      await load(1);
    };
  };
  const [two, one] = await measure([withThreads(2), withThreads(1)], once);
  addon.threads(1);
  const beside = await measureWithTorchvision(() => load(1));
  addon.threads(threads);
  if (beside) {
    add({
      title: `${amount} photographs to ${CROP} × ${CROP} tensors, one thread`,
      unit: 'image',
      rows: [
        { name: 'deepfool-webgpu', amount, measurement: beside[0]! },
        { name: 'torchvision', amount, measurement: beside[1]! },
      ],
      notes: [
        'In turns; torchvision keeps to one thread, so both have one. Wall time is CPU time here.',
      ],
    });
  }
  add({
    title: `${amount} photographs by threads`,
    unit: 'image',
    rows: [
      { name: '2 threads', amount, measurement: two! },
      { name: '1 thread', amount, measurement: one! },
    ],
    notes: [
      `By the wall two threads are ${(one!.wall.min / two!.wall.min).toFixed(2)} × one (best of each); that wants a quiet machine.`,
    ],
  });

  await benchPng(files.slice(0, PNGS), measure, add);
});

type Frame = Parameters<Parameters<typeof runBench>[1]>[0];

async function benchPng(
  files: readonly Buffer[],
  measure: Frame['measure'],
  add: Frame['add'],
): Promise<void> {
  const { data } = await loadImages(files, {
    ...{ resize: RESIZE, crop: CROP },
    ...({ layout: 'nhwc', dtype: 'uint8' } as const),
  });
  const images = files.map((_, i): Image => {
    const pixels = data.subarray(i * 3 * PLANE, (i + 1) * 3 * PLANE);
    return { width: CROP, height: CROP, channels: 3, pixels };
  });
  const raw = { width: CROP, height: CROP, channels: 3 } as const;
  const png = { compressionLevel: 6, adaptiveFiltering: true };
  const encodeOurs = () => Promise.all(images.map((image) => encodePng(image)));
  const encodeTheirs = () =>
    Promise.all(images.map(({ pixels }) => sharp(pixels, { raw }).png(png).toBuffer()));

  const bytesOf = (all: readonly Uint8Array[]): number =>
    all.reduce((sum, one) => sum + one.length, 0);
  const [our, their] = [await encodeOurs(), await encodeTheirs()];
  for (const [i, file] of our.entries()) {
    const { pixels } = await decodeImage(file);
    if (Buffer.compare(pixels, images[i]!.pixels) !== 0)
      throw new Error('a PNG does not come back');
  }
  const work =
    (encode: () => Promise<unknown>): Work =>
    async (times) => {
      for (let i = 0; i < times; i++) await encode();
    };
  const [ours, theirs] = await measure([work(encodeOurs), work(encodeTheirs)], {
    samples: SAMPLES,
    times: 4,
  });
  const amount = images.length;
  add({
    title: `${amount} PNGs of ${CROP} × ${CROP}`,
    unit: 'image',
    rows: [
      { name: 'deepfool-webgpu', amount, measurement: ours! },
      { name: 'sharp, level 6', amount, measurement: theirs! },
    ],
    notes: [
      `${bytesOf(our)} bytes, ${((100 * bytesOf(our)) / bytesOf(their) - 100).toFixed(1)} % more than sharp; all come back equal.`,
    ],
  });
}

/** Throws unless both loaded the same pictures: sharp rounds otherwise, but not by much on average. */
function checkAlike(ours: Float32Array, theirs: Float32Array): void {
  let sum = 0;
  ours.forEach((value, i) => (sum += Math.abs(value - theirs[i]!)));
  const levels = (sum / ours.length) * STD[1]! * 255;
  if (!(levels < 8))
    throw new Error(`sharp's tensors are ${levels.toFixed(1)} levels away from ours`);
}
