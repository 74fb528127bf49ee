// Batches of images: what lies where in the array, what one bad image costs, and how a batch is
// stopped. The pixels themselves are image.test.ts's and image-pil.test.ts's matter.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src-ts/core/errors.ts';
import { loadAddon } from '../../src-ts/data/addon.ts';
import {
  decodeImage,
  encodePng,
  loadImages,
  loadImageTensor,
  streamImages,
  writePngs,
  type Image,
} from '../../src-ts/data/image.ts';
import {
  ANIMATED_WEBP,
  EXIF_JPEG,
  EXIF_ORIENTATION,
  GRAY_JPEG,
  makePng,
  RGB_JPEG,
  WEBP,
} from './image-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepfool-batch-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Two pixels: (1, 2, 3) and (4, 5, 6).
const TWO = makePng({ width: 2, height: 1, colour: 2, depth: 8, rows: [[1, 2, 3, 4, 5, 6]] });
const ONE = makePng({ width: 1, height: 1, colour: 2, depth: 8, rows: [[7, 8, 9]] });

/** Pixels without pattern, the same for the same seed. */
function noise(width: number, height: number, seed: number): Image {
  const pixels = new Uint8Array(width * height * 3);
  let state = seed;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = state >>> 24;
  }
  return { width, height, channels: 3, pixels };
}

describe('a batch', () => {
  it('lays images out channels first', async () => {
    const { data, shape, statuses } = await loadImages([TWO, ONE], { crop: [1, 2] });
    expect(shape).toEqual([2, 3, 1, 2]);
    expect(statuses).toEqual([{ ok: true }, { ok: true }]);
    const levels = [1, 4, 2, 5, 3, 6, 7, 0, 8, 0, 9, 0];
    expect(data).toEqual(Float32Array.from(levels, (level) => Math.fround(level / 255)));
  });

  it('lays images out channels last, as bytes', async () => {
    const { data, shape } = await loadImages([TWO, ONE], {
      crop: [1, 2],
      layout: 'nhwc',
      dtype: 'uint8',
    });
    expect(shape).toEqual([2, 1, 2, 3]);
    expect(data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0));
  });

  it('normalises in float32, padding included', async () => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const { data } = await loadImages([ONE], { crop: [1, 2], mean, std });
    const { fround } = Math;
    const expected = [7, 0, 8, 0, 9, 0].map((level, i) => {
      const c = Math.floor(i / 2);
      const centred = fround(fround(level / 255) - fround(mean[c]!));
      return fround(centred / fround(std[c]!));
    });
    expect(Array.from(data)).toEqual(expected);
  });

  it('reads files and bytes, gray or colour', async () => {
    const path = join(folder, 'two');
    writeFileSync(path, TWO);
    const { data, shape } = await loadImages([path, GRAY_JPEG], {
      crop: [1, 2],
      channels: 1,
      dtype: 'uint8',
    });
    expect(shape).toEqual([2, 1, 1, 2]);
    expect(data).toEqual(Uint8Array.of(2, 5, 76, 76));
  });

  it('gives what single loading gives', async () => {
    const options = { resize: 5, crop: 4, filter: 'bicubic' } as const;
    const { data } = await loadImages([RGB_JPEG, GRAY_JPEG], options);
    const both = [
      await loadImageTensor(RGB_JPEG, options),
      await loadImageTensor(GRAY_JPEG, options),
    ];
    expect(Array.from(data)).toEqual(both.flatMap((tensor) => Array.from(tensor.data)));
  });

  it('of 64 loses only the slot of the one that is bad', async () => {
    const sources = Array.from({ length: 64 }, (_, i) =>
      i === 40 ? RGB_JPEG.subarray(0, 300) : TWO,
    );
    const { data, statuses } = await loadImages(sources, { crop: [1, 2] });
    expect(statuses.flatMap((status, i) => (status.ok ? [] : [i]))).toEqual([40]);
    expect(statuses[40]).toMatchObject({
      code: 'truncated',
      error: { message: 'image of 300 bytes: JPEG is truncated: the data end early' },
    });
    data.forEach((value, i) => {
      expect(Number.isNaN(value)).toBe(Math.floor(i / 6) === 40);
    });
  });

  it('tells faults apart', async () => {
    const sources = [
      new Uint8Array(0),
      Buffer.from('not an image'),
      Buffer.from('GIF89a......'),
      join(folder, 'absent'),
      makePng({ width: 9000, height: 9000, colour: 0, depth: 1, rows: [] }),
      TWO.subarray(0, 50),
      TWO.with(TWO.length - 20, TWO[TWO.length - 20]! ^ 1),
      ANIMATED_WEBP,
    ];
    const { statuses } = await loadImages(sources, { crop: 1 });
    expect(statuses.map((status) => !status.ok && status.code)).toEqual([
      ...['empty', 'unknown-format', 'unsupported-format', 'unreadable', 'too-large'],
      ...['truncated', 'corrupt', 'animated'],
    ]);
  });

  it('warns of stray bytes that decoding went on past', async () => {
    const at = 20; // after the first segment
    const stray = [RGB_JPEG.subarray(0, at), Buffer.of(1, 2, 3), RGB_JPEG.subarray(at)];
    const { statuses } = await loadImages([Buffer.concat(stray)], { crop: 1 });
    const warning = 'Corrupt JPEG data: 3 extraneous bytes before marker 0xdb';
    expect(statuses).toEqual([{ ok: true, warning }]);
  });

  it('of no images is empty', async () => {
    const { data, shape, statuses } = await loadImages([], { crop: 2 });
    expect([data.length, shape, statuses]).toEqual([0, [0, 3, 2, 2], []]);
  });

  it('goes into memory of the caller', async () => {
    const memory = new Float32Array(20).fill(-1);
    const into = memory.subarray(1, 7);
    const { data } = await loadImages([TWO], { crop: [1, 2], into });
    expect(data).toBe(into);
    expect([memory[0], Math.round(memory[1]! * 255), memory[7]]).toEqual([-1, 1, -1]);
    await expect(loadImages([TWO], { crop: 2, into })).rejects.toThrow(
      new OptionError(
        'into: expected a Float32Array of 12 for shape [1, 3, 2, 2], got a Float32Array of 6',
      ),
    );
  });

  it('refuses options that make no sense', async () => {
    const refused = [
      [{ crop: 1, layout: 'hwc' }, 'layout: expected "nchw" or "nhwc", got "hwc"'],
      [{ crop: 1, mean: [1] }, 'mean: expected one number a channel (3), got [1]'],
      [
        { crop: 1, std: [1, 0, 1] },
        'std: expected one positive number a channel (3), got [1, 0, 1]',
      ],
      [
        { crop: 1, dtype: 'uint8', mean: [0, 0, 0] },
        'levels of dtype "uint8" cannot be normalised',
      ],
      [{}, 'crop: expected a size'],
    ] as const;
    for (const [options, message] of refused) {
      await expect(loadImages([TWO], options as never)).rejects.toThrow(message);
    }
  });

  it('stops when the signal says so, and says why', async () => {
    const stop = new AbortController();
    const loading = loadImages(Array<Uint8Array>(5000).fill(RGB_JPEG), {
      crop: 8,
      signal: stop.signal,
    });
    stop.abort(new Error('enough'));
    await expect(loading).rejects.toThrow('enough');
    await expect(loadImages([TWO], { crop: 1, signal: stop.signal })).rejects.toThrow('enough');
  });

  it('keeps the main thread free', async () => {
    const png = await encodePng(noise(256, 256, 1));
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    await loadImages(Array<Uint8Array>(100).fill(png), { resize: 200, crop: 128 });
    clearInterval(timer);
    expect(longest).toBeGreaterThan(0); // the timer ran meanwhile
  });

  it('does not outlive a worker that ends meanwhile', async () => {
    const addon = join(import.meta.dirname, '../../build/native/Release/deepfool_image.node');
    const code = `
      const { workerData } = require('node:worker_threads');
      const addon = require(workerData.addon);
      for (let i = 0; i < 200; i++) void addon.encodePng(new Uint8Array(256 * 256), 256, 256, 1);
      setTimeout(() => process.exit(3), 20);`;
    const worker = new Worker(code, { eval: true, workerData: { addon } });
    expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(3);
  });
});

describe('a stream of batches', () => {
  const sources = [...Array<Uint8Array>(5).fill(TWO), Buffer.from('bad'), TWO];
  const options = { crop: [1, 2], layout: 'nhwc', dtype: 'uint8' } as const;

  it('gives all images in order, the last batch shorter', async () => {
    const seen = [];
    for await (const { data, shape, statuses } of streamImages(sources, { ...options, batch: 3 })) {
      seen.push([shape[0], data[0], statuses.map(({ ok }) => ok)]);
    }
    expect(seen).toEqual([
      [3, 1, [true, true, true]],
      [3, 1, [true, true, false]],
      [1, 1, [true]],
    ]);
  });

  it('uses its memory again', async () => {
    const buffers = new Set<ArrayBuffer>();
    const many = Array<Uint8Array>(40).fill(TWO);
    for await (const { data } of streamImages(many, { ...options, batch: 2, ahead: 2 })) {
      buffers.add(data.buffer);
    }
    expect(buffers.size).toBe(3);
  });

  it('may be left early', async () => {
    for await (const { shape } of streamImages(sources, { ...options, batch: 1, ahead: 3 })) {
      expect(shape[0]).toBe(1);
      break;
    }
  });

  it('rejects when its signal says so', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const stream = streamImages(sources, { ...options, batch: 2, signal });
    await expect(stream.next()).rejects.toThrow('enough');
  });
});

describe('every path of the resizer', () => {
  const addon = loadAddon();
  const usual = addon.kernels() as 'scalar' | 'avx2' | 'neon';
  afterAll(() => {
    addon.kernels(usual);
  });

  it('is one of those known', () => {
    expect(['scalar', 'avx2', 'neon']).toContain(usual);
    if (process.arch === 'arm64') expect(usual).toBe('neon');
  });

  it('gives the same bits, for every width, filter and scale', async () => {
    const sizes = [[1, 1], [2, 9], [17, 5], [33, 64], [101, 77], [256, 31]] as const; // prettier-ignore
    for (const [width, height] of sizes) {
      const png = await encodePng(noise(width, height, width * 1000 + height));
      for (const filter of ['bilinear', 'bicubic'] as const) {
        for (const resize of [1, 3, 8, 31, 64]) {
          const load = async (name: 'scalar' | 'avx2' | 'neon') => {
            expect(['scalar', usual]).toContain(addon.kernels(name));
            return (await loadImageTensor(png, { resize, filter })).data;
          };
          expect(await load(usual)).toEqual(await load('scalar'));
        }
      }
    }
  });
});

describe('scaled decoding', () => {
  it('is near to exact decoding, and off by default', async () => {
    const exact = await loadImageTensor(EXIF_JPEG, { resize: 3, channels: 1 });
    const scaled = await loadImageTensor(EXIF_JPEG, { resize: 3, channels: 1, dctScale: true });
    expect(scaled.shape).toEqual(exact.shape);
    const levels = exact.data.map((value, i) => Math.abs(value - scaled.data[i]!) * 255);
    expect(Math.max(...levels)).toBeLessThan(6);
    expect(scaled.data).not.toEqual(exact.data);
  });

  it('leaves images alone that are hardly larger than wanted', async () => {
    const options = { resize: 5, channels: 1 } as const;
    expect(await loadImageTensor(EXIF_JPEG, { ...options, dctScale: true })).toEqual(
      await loadImageTensor(EXIF_JPEG, options),
    );
  });
});

describe('orientation', () => {
  // The corners that PIL's exif_transpose gives: top left, top right, bottom left, bottom right.
  it.each([
    [1, [16, 8], [0, 120, 112, 232]],
    [2, [16, 8], [120, 0, 232, 112]],
    [3, [16, 8], [232, 112, 120, 0]],
    [4, [16, 8], [112, 232, 0, 120]],
    [5, [8, 16], [0, 112, 120, 232]],
    [6, [8, 16], [112, 0, 232, 120]],
    [7, [8, 16], [232, 120, 112, 0]],
    [8, [8, 16], [120, 232, 0, 112]],
  ])('%i is undone on request', async (orientation, size, corners) => {
    const jpeg = EXIF_JPEG.with(EXIF_ORIENTATION, orientation);
    const { width, height, pixels } = await decodeImage(jpeg, { channels: 1, autoOrient: true });
    expect([width, height]).toEqual(size);
    const at = [0, width - 1, width * (height - 1), width * height - 1];
    expect(at.map((i) => pixels[i])).toEqual(corners);
    const left = await decodeImage(jpeg, { channels: 1 });
    expect([left.width, left.height, left.pixels[0]]).toEqual([16, 8, 0]);
  });

  it('comes before resizing and cropping', async () => {
    const { shape } = await loadImageTensor(EXIF_JPEG, { resize: 4, autoOrient: true });
    expect(shape).toEqual([3, 8, 4]);
  });
});

describe('WebP', () => {
  const pixels = Uint8Array.of(0, 0, 7, 40, 0, 7, 80, 0, 7, 0, 100, 7, 40, 100, 7, 80, 100, 7);

  it('is read', async () => {
    expect(await decodeImage(WEBP)).toEqual({ width: 3, height: 2, channels: 3, pixels });
  });

  it('when animated gives its first frame only on request', async () => {
    expect((await decodeImage(ANIMATED_WEBP, { firstFrame: true })).pixels).toEqual(pixels);
    await expect(decodeImage(ANIMATED_WEBP)).rejects.toThrow('an animated WebP; firstFrame');
  });
});

describe('many PNG files', () => {
  it('are written at once, and a bad place costs only its own', async () => {
    const inner = mkdtempSync(join(folder, 'pngs-'));
    const files = Array.from({ length: 20 }, (_, i) => ({
      path: join(inner, i === 7 ? 'absent/x.png' : `${i}.png`),
      image: noise(20, 10, i),
    }));
    const results = await writePngs(files);
    expect(results.flatMap(({ ok }, i) => (ok ? [] : [i]))).toEqual([7]);
    expect(readdirSync(inner)).toHaveLength(19);
    expect(await decodeImage(files[3]!.path)).toEqual(files[3]!.image);
    const [, seven] = [results[0], results[7]];
    expect(seven?.ok === false && seven.error.message).toContain('No such file or directory');
  });
});

describe('memory', () => {
  it('stays flat over 10,000 images, good and bad', async () => {
    const png = await encodePng(noise(64, 64, 3));
    const kinds = [
      png,
      RGB_JPEG,
      WEBP,
      png.subarray(0, 3000),
      RGB_JPEG.subarray(0, 300),
      GRAY_JPEG,
    ];
    const sources = Array.from({ length: 2000 }, (_, i) => kinds[i % kinds.length]!);
    const into = new Float32Array(2000 * 3 * 32 * 32);
    const load = () => loadImages(sources, { resize: 40, crop: 32, into });
    await load();
    await load();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 5; round++) await load();
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(40);
  });
});
