// What may be asked of the image addon, how it is checked, and how it is put to the addon.

import { OptionError } from '../core/errors.ts';
import type { NativeOptions } from './addon.ts';

export interface DecodeOptions {
  /** 3 gives RGB (the default), 1 gives gray: ITU-R 601 luma as PIL computes it. */
  readonly channels?: 1 | 3;
  /** An image that claims more pixels is refused before memory is taken; 50 million by default. */
  readonly maxPixels?: number;
  /** A longer file is refused before it is read; 512 MiB by default. */
  readonly maxBytes?: number;
  /** Turns the picture as its EXIF orientation says; off by default, as in PIL and torchvision. */
  readonly autoOrient?: boolean;
  /** Reads the first frame of an animated WebP, which is refused by default. */
  readonly firstFrame?: boolean;
}

export interface TensorOptions extends DecodeOptions {
  /** Length of the shorter side after resizing, in pixels; the size is kept without it. */
  readonly resize?: number;
  /** Side, or [height, width], of the centre crop, in pixels; a smaller image is padded with 0. */
  readonly crop?: number | readonly [height: number, width: number];
  /** Antialiased in both cases; bilinear by default. */
  readonly filter?: 'bilinear' | 'bicubic';
  /** One number a channel: values become (x - mean) / std, x in [0, 1]. None by default. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /**
   * Decodes JPEGs at 1/2, 1/4 or 1/8 of their size where that is still larger than `resize`: about
   * twice as fast for photographs of several megapixels, and no longer what PIL gives. Off by default.
   */
  readonly dctScale?: boolean;
}

export interface BatchOptions extends TensorOptions {
  /** As above; required, since all images of a batch have one size. */
  readonly crop: number | readonly [height: number, width: number];
  /** Channels first (NCHW, the default) or last (NHWC). */
  readonly layout?: 'nchw' | 'nhwc';
  /** `float32` gives values in [0, 1] or normalised ones, `uint8` the levels 0 to 255. */
  readonly dtype?: 'float32' | 'uint8';
}

const DEFAULT_MAX_PIXELS = 50_000_000;
const DEFAULT_MAX_BYTES = 512 * 2 ** 20;

// The addon counts pixels and bytes in 32 bits.
export const MAX_SIDE = 2 ** 20;
export const MAX_PIXELS = 2 ** 29;
const MAX_BYTES = 2 ** 31 - 1;

/** Checks the options of decodeImage; throws OptionError. */
export function readDecodeOptions(options: DecodeOptions): NativeOptions {
  const { channels = 3, maxPixels = DEFAULT_MAX_PIXELS, maxBytes = DEFAULT_MAX_BYTES } = options;
  checkChannels(channels);
  checkInteger('maxPixels', maxPixels, MAX_PIXELS);
  checkInteger('maxBytes', maxBytes, MAX_BYTES);
  return {
    ...{ channels, maxPixels, maxBytes, resize: 0, cropHeight: 0, cropWidth: 0, bicubic: false },
    ...{ channelsLast: false, uint8: false, mean: [], std: [], dctScale: false },
    autoOrient: options.autoOrient === true,
    firstFrame: options.firstFrame === true,
  };
}

/** Checks the options of one tensor; throws OptionError. */
export function readTensorOptions(options: TensorOptions): NativeOptions {
  const { resize, crop, filter = 'bilinear', mean = [], std = [] } = options;
  const native = readDecodeOptions(options);
  if (resize !== undefined) checkInteger('resize', resize, MAX_SIDE);
  const [cropHeight, cropWidth] = typeof crop === 'number' ? [crop, crop] : (crop ?? [0, 0]);
  if (crop !== undefined) {
    checkInteger('crop', cropHeight, MAX_SIDE);
    checkInteger('crop', cropWidth, MAX_SIDE);
  }
  checkChoice('filter', filter, ['bilinear', 'bicubic']);
  checkPerChannel('mean', mean, native.channels, Number.isFinite);
  checkPerChannel('std', std, native.channels, (value) => Number.isFinite(value) && value > 0);
  return {
    ...native,
    ...{ resize: resize ?? 0, cropHeight, cropWidth, mean, std },
    bicubic: filter === 'bicubic',
    dctScale: options.dctScale === true,
  };
}

/** Checks the options of a batch; throws OptionError. */
export function readBatchOptions(options: BatchOptions): NativeOptions {
  const { layout = 'nchw', dtype = 'float32' } = options;
  const native = readTensorOptions(options);
  if (native.cropHeight === 0) {
    throw new OptionError('crop: expected a size, since all images of a batch have one; got none');
  }
  checkChoice('layout', layout, ['nchw', 'nhwc']);
  checkChoice('dtype', dtype, ['float32', 'uint8']);
  if (dtype === 'uint8' && (native.mean.length > 0 || native.std.length > 0)) {
    throw new OptionError('mean, std: levels of dtype "uint8" cannot be normalised');
  }
  return { ...native, channelsLast: layout === 'nhwc', uint8: dtype === 'uint8' };
}

export function checkInteger(name: string, value: number, limit: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= limit) return;
  throw new OptionError(`${name}: expected a whole number from 1 to ${limit}, got ${value}`);
}

export function checkChannels(channels: number): void {
  if (channels === 1 || channels === 3) return;
  throw new OptionError(`channels: expected 1 (gray) or 3 (RGB), got ${channels}`);
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const listed = choices.map((choice) => `"${choice}"`).join(' or ');
  throw new OptionError(`${name}: expected ${listed}, got "${value}"`);
}

function checkPerChannel(
  name: string,
  values: readonly number[],
  channels: number,
  isValid: (value: number) => boolean,
): void {
  if (values.length === 0 || (values.length === channels && values.every(isValid))) return;
  const kind = name === 'std' ? 'positive number' : 'number';
  throw new OptionError(
    `${name}: expected one ${kind} a channel (${channels}), got [${values.join(', ')}]`,
  );
}
