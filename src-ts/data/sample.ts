// The vocabulary of data sets: what one image looks like when it reaches an attack, and what every
// format promises. Formats live in files of their own (idx.ts, cifar-binary.ts, encoded-images.ts);
// dataset.ts recognises which one a path holds.

import { DataError } from '../core/errors.ts';

/** The image a model takes, when that is known: channels, then pixels down and across. */
export interface ImageSpec {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

/** How an image is fitted to a model while it is read; nothing is changed unless asked. */
export interface LoadOptions {
  /** Length in pixels the shorter side is scaled to, before the crop. Encoded images only. */
  readonly resize?: number;
  /** Side in pixels of the centred square that is kept. Encoded images only. */
  readonly crop?: number;
  /** 1 gives grey (ITU-R 601 luma), 3 repeats grey. Default: 3 for encoded images, else as stored. */
  readonly channels?: 1 | 3;
}

/** One image, ready for a model. */
export interface Sample {
  /** Position in the data set, counted from 0; names the same image for ever. */
  readonly index: number;
  /** Where it lies within the data set: a file name, or `t10k-images-idx3-ubyte[12]`. */
  readonly source: string;
  /** Index of its true class, or null when the data set has no label for it. */
  readonly label: number | null;
  /** Channel after channel, row after row (`[C, H, W]`), values in [0, 1]. */
  readonly pixels: Float32Array;
  readonly shape: readonly [channels: number, height: number, width: number];
}

/** Images in a fixed order, read one at a time; pixels of encoded images are never held. */
export interface Dataset {
  /** What was recognised: `IDX`, `CIFAR-10 binary`, `tar of class folders`, … */
  readonly format: string;
  /** The file or folder the images come from; below the path that was opened if a split was picked. */
  readonly path: string;
  /** `train`, `test` or `val`, or null when the data set is not split. */
  readonly split: string | null;
  /** Number of images, at least 1. */
  readonly length: number;
  /** Names by class index, or null when the data set gives none. */
  readonly classNames: readonly string[] | null;
  /** `[C, H, W]` of every image as stored, or null when it differs by file. */
  readonly imageShape: readonly [channels: number, height: number, width: number] | null;
  /**
   * Reads image `index`.
   * @throws ImageError naming the file when it cannot be decoded; the rest of the set stays usable.
   * @throws DataError when there is no such index or the file changed since it was opened.
   * @throws OptionError when the options do not suit the format.
   */
  readonly load: (index: number, options?: LoadOptions) => Promise<Sample>;
}

/** Throws DataError unless `index` names an image of the data set. */
export function requireIndex(dataset: Pick<Dataset, 'path' | 'length'>, index: number): void {
  if (Number.isInteger(index) && index >= 0 && index < dataset.length) return;
  throw new DataError(
    `${dataset.path}: expected an index from 0 to ${dataset.length - 1}, got ${index}`,
  );
}

/** Throws DataError, with the remedy, unless the image has the shape the model takes. */
export function requireShape(sample: Sample, spec: ImageSpec): void {
  const [channels, height, width] = sample.shape;
  if (channels === spec.channels && height === spec.height && width === spec.width) return;
  const remedy =
    channels === spec.channels
      ? 'scale and crop encoded images with resize and crop'
      : `convert with channels: ${spec.channels}`;
  throw new DataError(
    `${sample.source}: the model takes ${spec.channels}×${spec.height}×${spec.width} ` +
      `(channels × height × width), the image is ${sample.shape.join('×')}\n  ${remedy}`,
  );
}
