// The typed face of the image addon: literal pixels, then refusals with their messages. Equality with
// PIL on photographs is in image-pil.test.ts.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ImageError, OptionError, OutputError } from '../../src-ts/core/errors.ts';
import {
  decodeImage,
  encodePng,
  loadImageTensor,
  loadImageTensors,
  writePng,
  type Image,
} from '../../src-ts/data/image.ts';
import { CMYK_JPEG, GRAY_JPEG, makePng, RGB_JPEG } from './image-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepfool-image-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function grayImage(width: number, height: number, values: readonly number[]): Image {
  return { width, height, channels: 1, pixels: Uint8Array.from(values) };
}

/** The bytes [0, 255] behind a tensor's values. */
function levels(data: Float32Array): number[] {
  return Array.from(data, (value) => Math.round(value * 255));
}

describe('decoding gives the pixels that PIL gives', () => {
  it('reads a gray JPEG as RGB, or as gray', async () => {
    const rgb = await decodeImage(GRAY_JPEG);
    expect([rgb.width, rgb.height, rgb.channels, rgb.pixels.length]).toEqual([8, 8, 3, 192]);
    expect(new Set(rgb.pixels)).toEqual(new Set([76]));
    expect((await decodeImage(GRAY_JPEG, { channels: 1 })).pixels).toEqual(
      new Uint8Array(64).fill(76),
    );
  });

  it('reads a colour JPEG', async () => {
    const { width, pixels } = await decodeImage(RGB_JPEG);
    const at = (x: number): number[] =>
      Array.from(pixels.subarray((4 * width + x) * 3).slice(0, 3));
    expect([at(0), at(7), at(15)]).toEqual([
      [0, 127, 188],
      [110, 129, 197],
      [232, 130, 204],
    ]);
  });

  it('turns Adobe’s inverted CMYK into RGB', async () => {
    const { pixels } = await decodeImage(CMYK_JPEG);
    expect(Array.from(pixels.subarray(0, 3))).toEqual([177, 159, 186]);
  });

  it('tells the format by content, not by name', async () => {
    const path = join(folder, 'really-a-png.jpg');
    writeFileSync(path, await encodePng(grayImage(2, 1, [3, 9])));
    expect((await decodeImage(path, { channels: 1 })).pixels).toEqual(Uint8Array.of(3, 9));
  });

  it('drops alpha without blending', async () => {
    const png = makePng({ width: 1, height: 1, colour: 6, depth: 8, rows: [[10, 20, 30, 0]] });
    expect((await decodeImage(png)).pixels).toEqual(Uint8Array.of(10, 20, 30));
  });

  it('keeps the high byte of 16-bit samples', async () => {
    const png = makePng({ width: 2, height: 1, colour: 0, depth: 16, rows: [[1, 255, 200, 0]] });
    expect((await decodeImage(png, { channels: 1 })).pixels).toEqual(Uint8Array.of(1, 200));
  });

  it('widens 1-bit gray to 0 and 255', async () => {
    const png = makePng({ width: 4, height: 1, colour: 0, depth: 1, rows: [[0b10110000]] });
    expect((await decodeImage(png, { channels: 1 })).pixels).toEqual(
      Uint8Array.of(255, 0, 255, 255),
    );
  });

  it('looks palette colours up', async () => {
    const palette = [255, 0, 0, 0, 128, 255];
    const png = makePng({ width: 2, height: 1, colour: 3, depth: 8, rows: [[1, 0]], palette });
    expect((await decodeImage(png)).pixels).toEqual(Uint8Array.of(0, 128, 255, 255, 0, 0));
  });
});

describe('tensors equal torchvision’s', () => {
  // prettier-ignore
  const source = encodePng(grayImage(6, 4, [
    0, 50, 100, 150, 200, 250,
    10, 60, 110, 160, 210, 255,
    255, 0, 255, 0, 255, 0,
    5, 5, 5, 5, 5, 5,
  ]));

  it('shrinks bilinearly with antialiasing', async () => {
    const { shape, data } = await loadImageTensor(await source, { resize: 2, channels: 1 });
    expect(shape).toEqual([1, 2, 3]);
    expect(levels(data)).toEqual([56, 130, 202, 71, 76, 81]);
  });

  it('shrinks and enlarges bicubically, clipping the overshoot', async () => {
    const small = await loadImageTensor(await source, {
      resize: 2,
      channels: 1,
      filter: 'bicubic',
    });
    expect(levels(small.data)).toEqual([47, 134, 221, 73, 73, 72]);
    const large = await loadImageTensor(await source, {
      resize: 6,
      channels: 1,
      filter: 'bicubic',
    });
    expect(large.shape).toEqual([1, 6, 9]);
    expect(levels(large.data).slice(0, 9)).toEqual([0, 20, 57, 91, 124, 157, 191, 228, 253]);
  });

  it('crops the centre, halves rounded to even', async () => {
    const { data } = await loadImageTensor(await source, { crop: [1, 3], channels: 1 });
    expect(levels(data)).toEqual([255, 0, 255]); // row round(1.5) = 2, column round(1.5) = 2
    const row = await encodePng(grayImage(6, 1, [0, 1, 2, 3, 4, 5]));
    const five = await loadImageTensor(row, { crop: [1, 5], channels: 1 });
    expect(levels(five.data)).toEqual([0, 1, 2, 3, 4]); // column round(0.5) = 0
  });

  it('pads with zeros where the crop is larger than the image', async () => {
    const dot = await encodePng(grayImage(1, 1, [255]));
    const { shape, data } = await loadImageTensor(dot, { crop: [3, 2], channels: 1 });
    expect(shape).toEqual([1, 3, 2]);
    expect(Array.from(data)).toEqual([0, 0, 1, 0, 0, 0]);
  });

  it('puts channels first and divides by 255 in float32', async () => {
    const image: Image = {
      width: 2,
      height: 1,
      channels: 3,
      pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
    };
    const { shape, data } = await loadImageTensor(await encodePng(image));
    expect(shape).toEqual([3, 1, 2]);
    expect(data).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6).map((value) => value / 255));
  });
});

describe('PNG files written', () => {
  it.each([1, 3] as const)('come back the same with %i channels', async (channels) => {
    for (const [width, height] of [[1, 1] as const, [7, 5] as const, [64, 33] as const]) {
      const pixels = new Uint8Array(width * height * channels);
      pixels.forEach((_, i) => (pixels[i] = (i * i) ^ (i >> 3)));
      const image: Image = { width, height, channels, pixels };
      expect(await decodeImage(await encodePng(image), { channels })).toEqual(image);
    }
  });

  it('replace a file whole, and leave nothing beside it', async () => {
    const inner = mkdtempSync(join(folder, 'write-'));
    const path = join(inner, 'out.png');
    writeFileSync(path, 'old');
    await writePng(path, grayImage(1, 1, [42]));
    expect((await decodeImage(path, { channels: 1 })).pixels).toEqual(Uint8Array.of(42));
    expect(readdirSync(inner)).toEqual(['out.png']);
  });

  it('are refused when the pixels do not fill the size or the folder is not there', async () => {
    await expect(encodePng(grayImage(2, 2, [1, 2, 3]))).rejects.toThrow(
      new OptionError('image.pixels: 2 x 2 x 1 takes 4 bytes, but there are 3'),
    );
    const path = join(folder, 'absent', 'out.png');
    await expect(writePng(path, grayImage(1, 1, [0]))).rejects.toThrow(OutputError);
    expect(existsSync(path)).toBe(false);
  });
});

describe('refusals name the image and the reason', () => {
  const png = makePng({
    width: 4,
    height: 4,
    colour: 0,
    depth: 8,
    rows: Array(4).fill([1, 2, 3, 4]),
  });
  const wrongCrc = png.with(png.length - 20, png[png.length - 20]! ^ 1);
  const huge = makePng({ width: 100_000, height: 100_000, colour: 0, depth: 1, rows: [] });
  it.each([
    ['no bytes', new Uint8Array(0), 'empty: 0 bytes'],
    ['text', Buffer.from('not an image'), 'unknown format; JPEG, PNG and WebP are read'],
    ['BMP', Buffer.from('BM......'), 'BMP is not supported; JPEG, PNG and WebP are read'],
    ['GIF', Buffer.from('GIF89a......'), 'GIF is not supported; JPEG, PNG and WebP are read'],
    ['half a WebP', Buffer.from('RIFF....WEBPVP8 '), 'WebP header: the data end early'],
    [
      'three bytes of JPEG',
      GRAY_JPEG.subarray(0, 3),
      'JPEG header: JPEG datastream contains no image',
    ],
    ['half a JPEG', RGB_JPEG.subarray(0, 300), 'JPEG is truncated: the data end early'],
    ['JPEG without its end', GRAY_JPEG.subarray(0, -2), 'JPEG is truncated: the data end early'],
    ['half a PNG', png.subarray(0, 50), 'PNG data: '],
    ['a wrong checksum', wrongCrc, 'PNG data: '],
    [
      'gigapixels',
      huge,
      'the header gives the size 100000 x 100000, over the limit of 50000000 pixels',
    ],
  ])('%s', async (_, bytes, reason) => {
    await expect(decodeImage(bytes)).rejects.toThrow(`image of ${bytes.length} bytes: ${reason}`);
    await expect(loadImageTensor(bytes)).rejects.toThrow(ImageError);
  });

  it('files that are absent, or no files', async () => {
    const absent = join(folder, 'absent.png');
    await expect(decodeImage(absent)).rejects.toThrow(`${absent}: No such file or directory`);
    await expect(decodeImage(folder)).rejects.toThrow(`${folder}: not a regular file`);
  });

  it('images above a limit of the caller', async () => {
    await expect(decodeImage(png, { maxPixels: 15 })).rejects.toThrow(
      '4 x 4, over the limit of 15',
    );
    await expect(loadImageTensor(png, { resize: 100_000 })).rejects.toThrow(
      'the kept part would be 100000 x 100000, over the limit of 50000000 pixels',
    );
  });

  it('options out of range', async () => {
    await expect(loadImageTensor(png, { resize: 0 })).rejects.toThrow(
      new OptionError('resize: expected a whole number from 1 to 1048576, got 0'),
    );
    await expect(loadImageTensor(png, { crop: [2, 1.5] })).rejects.toThrow(
      'crop: expected a whole',
    );
  });

  it('a batch goes on past an image it cannot read', async () => {
    const results = await loadImageTensors([png, Buffer.from('x'), GRAY_JPEG], { crop: 2 });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    const [, refused] = results;
    expect(refused?.ok === false && refused.error.message).toBe(
      'image of 1 bytes: unknown format; JPEG, PNG and WebP are read',
    );
  });

  it('does not mind that the caller changes the bytes meanwhile', async () => {
    const copy = Uint8Array.from(GRAY_JPEG);
    const decoded = decodeImage(copy, { channels: 1 });
    copy.fill(0);
    expect((await decoded).pixels[0]).toBe(76);
  });
});
