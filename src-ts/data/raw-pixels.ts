// Images stored as bare bytes (IDX, CIFAR binary) become samples here. They have the size they have:
// scaling belongs to the image decoder, so a resize or crop that would change something is refused.

import { OptionError } from '../core/errors.ts';
import type { LoadOptions } from './sample.ts';

// v / 255 rounded to float32, as torchvision's ToTensor gives it.
const UNIT = Float32Array.from({ length: 256 }, (_, level) => level / 255);

/** Uint8 planes `[C, H, W]`, as both formats store them. */
export interface RawImage {
  readonly bytes: Uint8Array;
  readonly shape: readonly [channels: number, height: number, width: number];
}

/**
 * Converts planes to float32 `[C, H, W]` in [0, 1], in the number of channels asked for.
 * @throws OptionError, naming `where`, when the options ask for another size.
 */
export function emitPixels(image: RawImage, options: LoadOptions, where: string) {
  const [channels, height, width] = image.shape;
  for (const [option, side] of [
    ['resize', options.resize],
    ['crop', options.crop],
  ] as const) {
    if (side === undefined || (side === height && side === width)) continue;
    throw new OptionError(
      `${where}: ${option} expected none, since raw images keep their ${height}×${width} pixels, ` +
        `got ${side}`,
    );
  }
  const wanted = options.channels ?? channels;
  const planes = convertChannels(image.bytes, channels, wanted);
  const pixels = new Float32Array(planes.length);
  for (let i = 0; i < planes.length; i++) pixels[i] = UNIT[planes[i]!]!;
  return { pixels, shape: [wanted, height, width] as const };
}

function convertChannels(planes: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return planes;
  if (from === 3) return luma(planes);
  const repeated = new Uint8Array(planes.length * to);
  for (let channel = 0; channel < to; channel++) repeated.set(planes, channel * planes.length);
  return repeated;
}

// ITU-R 601 in 16-bit fixed point, PIL's convert('L') to the last bit.
function luma(planes: Uint8Array): Uint8Array {
  const size = planes.length / 3;
  return Uint8Array.from({ length: size }, (_, pixel) => {
    const red = planes[pixel]!;
    const green = planes[size + pixel]!;
    const blue = planes[2 * size + pixel]!;
    return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
  });
}
