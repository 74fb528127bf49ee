// Adversarial images as PNG files of one folder: 8 bits a channel, grey or RGB, each whole or not there.
// A file is named by the image's index, so no two share a name, and its source, for people.
import { access, constants, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionError, OutputError } from '../core/errors.ts';
import { writePng } from '../data/image.ts';
import { guard } from '../data/output-file.ts';

type Shape<Channels = number> = readonly [channels: Channels, height: number, width: number];

const NAMED_HERE = /^\d{6,}(-.*)?\.png$/;

export class ImageFolder {
  readonly path: string;
  /** Files of earlier runs that were there already; those of the same names are replaced. */
  readonly found: number;
  readonly #shape: Shape<1 | 3>;

  private constructor(path: string, found: number, shape: Shape<1 | 3>) {
    this.path = path;
    this.found = found;
    this.#shape = shape;
  }

  /**
   * Makes the folder unless it is there; the one that holds it must be.
   * @throws OptionError for images that are neither grey nor RGB, OutputError when nothing can be
   * written there.
   */
  static async open(path: string, [channels, height, width]: Shape): Promise<ImageFolder> {
    if (channels !== 1 && channels !== 3) {
      throw new OptionError(
        `--save-images: expected a model of grey (1 channel) or RGB (3 channels) images, ` +
          `this one takes ${channels} channels`,
      );
    }
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory() === false) {
      throw new OutputError(`${path}: cannot be written: it is a file, not a folder`);
    }
    if (there === null) await guard(path, () => mkdir(path));
    await guard(path, () => access(path, constants.W_OK | constants.X_OK));
    const names = await guard(path, () => readdir(path));
    const found = names.filter((name) => NAMED_HERE.test(name)).length;
    return new ImageFolder(path, found, [channels, height, width]);
  }

  /** Writes values [C, H, W] in [0, 1], rounded to the nearest level; returns the file's name. */
  async write(index: number, source: string, pixels: Float32Array): Promise<string> {
    const name = fileName(index, source);
    const [channels, height, width] = this.#shape;
    const levels = interleave(pixels, channels);
    await writePng(join(this.path, name), { width, height, channels, pixels: levels });
    return name;
  }
}

/** `000012-n01440764_tench.png`: the index, then what of the source is safe in a file name. */
export function fileName(index: number, source: string): string {
  const plain = source
    .replace(/\.(jpe?g|png|webp|bmp|ppm|pgm|tiff?)$/i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+/, '')
    .slice(0, 100)
    .replace(/[._-]+$/, '');
  return `${String(index).padStart(6, '0')}${plain === '' ? '' : `-${plain}`}.png`;
}

/** Planes [C, H, W] of values to pixels [H, W, C] of levels; values beyond 0 and 1 become these. */
function interleave(planes: Float32Array, channels: number): Uint8Array {
  const size = planes.length / channels;
  const levels = new Uint8Array(planes.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < size; at++) {
      const value = planes[channel * size + at]!;
      const inside = value < 0 ? 0 : value > 1 ? 1 : value;
      levels[at * channels + channel] = Math.round(inside * 255);
    }
  }
  return levels;
}
