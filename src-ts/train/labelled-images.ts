// What training reads: images with their labels, by index.
import { DataError } from '../core/errors.ts';

export interface ImageBatch {
  /** Image after image, each [C, H, W]. */
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

export interface LabelledImages {
  readonly length: number;
  readonly imageShape: readonly [channels: number, height: number, width: number];
  /** The images of an index, in its order. */
  readonly gather: (index: Int32Array) => Promise<ImageBatch>;
}

/** Images held in memory. */
export function holdImages(
  imageShape: LabelledImages['imageShape'],
  { pixels, labels }: ImageBatch,
): LabelledImages {
  const size = imageShape.reduce((product, side) => product * side, 1);
  if (pixels.length !== labels.length * size) {
    throw new DataError(
      `expected ${labels.length} images of ${imageShape.join(' × ')}, got ${pixels.length} values`,
    );
  }
  const pick = (index: Int32Array): ImageBatch => {
    const batch = new Float32Array(index.length * size);
    for (const [k, i] of index.entries()) {
      batch.set(pixels.subarray(i * size, (i + 1) * size), k * size);
    }
    return { pixels: batch, labels: Int32Array.from(index, (i) => labels[i]!) };
  };
  return {
    length: labels.length,
    imageShape,
    gather: (index) => Promise.resolve(pick(index)),
  };
}
