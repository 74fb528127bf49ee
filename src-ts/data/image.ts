// Image files in and out, through the native addon: JPEG, PNG and WebP to bytes or to network inputs,
// and bytes to PNG. Decoding, resizing and encoding run on threads of the addon, one a core.
// Preprocessing equals torchvision's Resize, CenterCrop, ToTensor and Normalize on PIL images, bit for
// bit. The format is told by content, never by name. EXIF orientation is ignored unless asked for, as
// there; alpha is dropped, not blended; 16-bit samples keep their high byte (PIL clips 16-bit gray at
// 255 instead); an animated PNG gives its default image.

import { ImageError, messageOf, OptionError, OutputError } from '../core/errors.ts';
import { loadAddon, type NativeOptions } from './addon.ts';
import {
  checkChannels,
  checkInteger,
  type DecodeOptions,
  MAX_PIXELS,
  MAX_SIDE,
  readDecodeOptions,
  readTensorOptions,
  type TensorOptions,
} from './image-options.ts';
import { labelOf, type ImageSource } from './image-source.ts';
import { mapSome } from './map-some.ts';

export type { BatchOptions, DecodeOptions, TensorOptions } from './image-options.ts';
export type { ImageSource } from './image-source.ts';
export { loadImages, streamImages } from './image-batch.ts';
export type {
  ImageBatch,
  ImageFault,
  ImageStatus,
  LoadImagesOptions,
  StreamOptions,
} from './image-batch.ts';

/** 8-bit pixels: rows from the top, in each row `channels` bytes a pixel, no gaps ([H, W, C]). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** A network's input: values in [0, 1] (or normalised), channels first. */
export interface ImageTensor {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array;
}

/** One image of several: its tensor, or why there is none. */
export type ImageResult =
  ({ readonly ok: true } & ImageTensor) | { readonly ok: false; readonly error: ImageError };

/** A file to write. */
export interface PngFile {
  readonly path: string;
  readonly image: Image;
}

/** What came of writing one file. */
export type WriteResult =
  | { readonly ok: true; readonly byteLength: number }
  | { readonly ok: false; readonly error: OutputError };

/** Decodes one image to bytes. Throws ImageError for what cannot be read, naming file and reason. */
export async function decodeImage(
  source: ImageSource,
  options: DecodeOptions = {},
): Promise<Image> {
  const native = readDecodeOptions(options);
  const addon = loadAddon();
  try {
    return { channels: native.channels, ...(await addon.decodeImage(source, native)) };
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
 * As loadImageTensor, for many images, whose tensors may differ in size: the result at index i belongs
 * to source i. An image that cannot be read is an `ok: false` entry; only wrong options or a missing
 * addon reject. For images of one size loadImages is faster.
 */
export async function loadImageTensors(
  sources: readonly ImageSource[],
  options: TensorOptions = {},
): Promise<readonly ImageResult[]> {
  const native = readTensorOptions(options);
  return mapSome(sources, async (source): Promise<ImageResult> => {
    try {
      return { ok: true, ...(await loadOne(source, native)) };
    } catch (error) {
      if (error instanceof ImageError) return { ok: false, error };
      throw error;
    }
  });
}

/** Encodes 8-bit gray or RGB pixels as a PNG file. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  checkImage(image);
  const { width, height, channels, pixels } = image;
  return loadAddon().encodePng(pixels, width, height, channels);
}

/** Writes a PNG file, whole or not at all. Throws OutputError when the file cannot be written. */
export async function writePng(path: string, image: Image): Promise<void> {
  const result = await writeOne({ path, image });
  if (!result.ok) throw result.error;
}

/**
 * Writes PNG files, each whole or not at all, on as many threads as there are cores. A file that
 * cannot be written is an `ok: false` entry; only images that are none reject, before any is written.
 */
export async function writePngs(files: readonly PngFile[]): Promise<readonly WriteResult[]> {
  for (const { image } of files) checkImage(image);
  return mapSome(files, writeOne);
}

async function writeOne({ path, image }: PngFile): Promise<WriteResult> {
  checkImage(image);
  const { width, height, channels, pixels } = image;
  const addon = loadAddon();
  try {
    return { ok: true, byteLength: await addon.writePng(path, pixels, width, height, channels) };
  } catch (error) {
    const reason = `${path}: the image cannot be written: ${messageOf(error)}`;
    return { ok: false, error: new OutputError(reason) };
  }
}

async function loadOne(source: ImageSource, options: NativeOptions): Promise<ImageTensor> {
  const addon = loadAddon();
  try {
    const { channels, height, width, data } = await addon.loadTensor(source, options);
    return { shape: [channels, height, width], data };
  } catch (error) {
    throw new ImageError(labelOf(source), messageOf(error));
  }
}

function checkImage({ width, height, channels, pixels }: Image): void {
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
}
