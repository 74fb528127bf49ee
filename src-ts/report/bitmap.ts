// Images and perturbations as bitmaps that people can see.
import { createCanvas, type Canvas } from '@napi-rs/canvas';

/** An image and what was made of it. */
export interface Magnified {
  readonly original: Float32Array;
  readonly adversarial: Float32Array;
}

/** Perturbations around mid-grey, enlarged by one round factor at which the peaks of all just show. */
export function magnifyAll(pairs: readonly Magnified[]): {
  readonly pixels: readonly Float32Array[];
  readonly factor: number;
} {
  const all = pairs.map(({ original, adversarial }) =>
    adversarial.map((value, at) => value - original[at]!),
  );
  const factor = roundFactor(0.5 / Math.max(...all.map(peakOf)));
  return { pixels: all.map((r) => r.map((value) => 0.5 + factor * value)), factor };
}

/** The same of one. */
export function magnify(pair: Magnified): {
  readonly pixels: Float32Array;
  readonly factor: number;
} {
  const { pixels, factor } = magnifyAll([pair]);
  return { pixels: pixels[0]!, factor };
}

/** A few extreme pixels may saturate; most must keep their shades. */
function peakOf(r: Float32Array): number {
  const sizes = r.map(Math.abs).sort();
  return sizes[Math.floor((sizes.length - 1) * 0.998)]! || sizes.at(-1)! || 1;
}

/** The largest of 1, 1.5, 2, 3, 4, 5, 6, 8, times a power of ten, not above x; whole, 1 at least. */
function roundFactor(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const leading = [8, 6, 5, 4, 3, 2, 1.5, 1].find((digit) => digit * power <= x) ?? 1;
  return Math.max(1, Math.round(leading * power));
}

/** [C, H, W] in [0, 1] as a bitmap; grey is shown for one channel, the first three of more. */
export function toCanvas(
  pixels: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Canvas {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  const bitmap = context.createImageData(width, height);
  const plane = height * width;
  const offsets = channels >= 3 ? [0, plane, 2 * plane] : [0, 0, 0];
  for (let at = 0; at < plane; at++) {
    offsets.forEach((offset, color) => {
      bitmap.data[4 * at + color] = Math.round(255 * pixels[offset + at]!); // clamped by its type
    });
    bitmap.data[4 * at + 3] = 255;
  }
  context.putImageData(bitmap, 0, 0);
  return canvas;
}
