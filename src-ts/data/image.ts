// Image files in and out, through the native addon: JPEG and PNG to bytes or to network inputs, and
// bytes to PNG. Decoding, resizing and encoding run on libuv's threads, so many calls go at once.
// Preprocessing equals torchvision's Resize, CenterCrop and ToTensor on PIL images, bit for bit.
// The format is told by content, never by name. EXIF orientation is ignored, as there; alpha is
// dropped, not blended; 16-bit samples keep their high byte (PIL clips 16-bit gray at 255 instead).

import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { ImageError, messageOf, OptionError, OutputError } from '../core/errors.ts';
import { loadAddon, type NativeTensorOptions } from './addon.ts';

/** A file's path, or its content. */
export type ImageSource = string | Uint8Array;

/** 8-bit pixels: rows from the top, in each row `channels` bytes a pixel, no gaps ([H, W, C]). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** A network's input: values in [0, 1], channels first. */
export interface ImageTensor {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array;
}

export interface DecodeOptions {
  /** 3 gives RGB (the default), 1 gives gray: ITU-R 601 luma as PIL computes it. */
  readonly channels?: 1 | 3;
  /** An image that claims more pixels is refused before memory is taken; 50 million by default. */
  readonly maxPixels?: number;
}

export interface TensorOptions extends DecodeOptions {
  /** Length of the shorter side after resizing, in pixels; the size is kept without it. */
  readonly resize?: number;
  /** Side, or [height, width], of the centre crop, in pixels; a smaller image is padded with 0. */
  readonly crop?: number | readonly [height: number, width: number];
  /** Antialiased in both cases; bilinear by default. */
  readonly filter?: 'bilinear' | 'bicubic';
}

/** One image of a batch: its tensor, or why there is none. */
export type ImageResult =
  ({ readonly ok: true } & ImageTensor) | { readonly ok: false; readonly error: ImageError };

const DEFAULT_MAX_PIXELS = 50_000_000;

// The addon counts pixels and bytes in 32 bits.
const MAX_SIDE = 2 ** 20;
const MAX_PIXELS = 2 ** 29;

/** Decodes one image to bytes. Throws ImageError for what cannot be read, naming file and reason. */
export async function decodeImage(
  source: ImageSource,
  options: DecodeOptions = {},
): Promise<Image> {
  const { channels, maxPixels } = readDecodeOptions(options);
  const addon = loadAddon();
  try {
    return { channels, ...(await addon.decodeImage(source, channels, maxPixels)) };
  } catch (error) {
    throw new ImageError(labelOf(source), messageOf(error));
  }
}

/**
 * Decodes, resizes and crops one image to a tensor of shape [channels, height, width].
 * Throws ImageError for what cannot be read, OptionError for an option out of range.
 */
export async function loadImageTensor(
  source: ImageSource,
  options: TensorOptions = {},
): Promise<ImageTensor> {
  return loadOne(source, readTensorOptions(options));
}

/**
 * As loadImageTensor, for many images at once: the result at index i belongs to source i. An image
 * that cannot be read is an `ok: false` entry; only wrong options or a missing addon reject.
 */
export async function loadImageTensors(
  sources: readonly ImageSource[],
  options: TensorOptions = {},
): Promise<readonly ImageResult[]> {
  const native = readTensorOptions(options);
  const tryOne = async (source: ImageSource): Promise<ImageResult> => {
    try {
      return { ok: true, ...(await loadOne(source, native)) };
    } catch (error) {
      if (error instanceof ImageError) return { ok: false, error };
      throw error;
    }
  };
  return Promise.all(sources.map(tryOne));
}

/** Encodes 8-bit gray or RGB pixels as a PNG file. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { width, height, channels, pixels } = image;
  checkInteger('image.width', width, MAX_SIDE);
  checkInteger('image.height', height, MAX_SIDE);
  checkChannels(channels);
  const expected = width * height * channels;
  if (pixels.length !== expected) {
    throw new OptionError(
      `image.pixels: ${width} x ${height} x ${channels} takes ${expected} bytes, but there are ${pixels.length}`,
    );
  }
  if (width * height > MAX_PIXELS) {
    throw new OptionError(`image: ${width} x ${height} pixels is over the limit of ${MAX_PIXELS}`);
  }
  return loadAddon().encodePng(pixels, width, height, channels);
}

/** Writes a PNG file, whole or not at all. Throws OutputError when the file cannot be written. */
export async function writePng(path: string, image: Image): Promise<void> {
  const bytes = await encodePng(image);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new OutputError(`${path}: the image cannot be written: ${messageOf(error)}`);
  }
}

async function loadOne(source: ImageSource, options: NativeTensorOptions): Promise<ImageTensor> {
  const addon = loadAddon();
  try {
    const { channels, height, width, data } = await addon.loadTensor(source, options);
    return { shape: [channels, height, width], data };
  } catch (error) {
    throw new ImageError(labelOf(source), messageOf(error));
  }
}

function labelOf(source: ImageSource): string {
  return typeof source === 'string' ? source : `image of ${source.length} bytes`;
}

function readDecodeOptions(options: DecodeOptions): { channels: 1 | 3; maxPixels: number } {
  const { channels = 3, maxPixels = DEFAULT_MAX_PIXELS } = options;
  checkChannels(channels);
  checkInteger('maxPixels', maxPixels, MAX_PIXELS);
  return { channels, maxPixels };
}

function readTensorOptions(options: TensorOptions): NativeTensorOptions {
  const { resize, crop, filter = 'bilinear' } = options;
  if (resize !== undefined) checkInteger('resize', resize, MAX_SIDE);
  const [cropHeight, cropWidth] = typeof crop === 'number' ? [crop, crop] : (crop ?? [0, 0]);
  if (crop !== undefined) {
    checkInteger('crop', cropHeight, MAX_SIDE);
    checkInteger('crop', cropWidth, MAX_SIDE);
  }
  if (!['bilinear', 'bicubic'].includes(filter)) {
    throw new OptionError(`filter: expected "bilinear" or "bicubic", got "${filter}"`);
  }
  const bicubic = filter === 'bicubic';
  return { ...readDecodeOptions(options), resize: resize ?? 0, cropHeight, cropWidth, bicubic };
}

function checkInteger(name: string, value: number, limit: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= limit) return;
  throw new OptionError(`${name}: expected a whole number from 1 to ${limit}, got ${value}`);
}

function checkChannels(channels: number): void {
  if (channels === 1 || channels === 3) return;
  throw new OptionError(`channels: expected 1 (gray) or 3 (RGB), got ${channels}`);
}
