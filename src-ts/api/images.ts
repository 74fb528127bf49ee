// Images on their way to an attack: decoded ahead while the device works, in order, and none lost: one
// that cannot be read arrives as a reason instead of pixels.
import { relative } from 'node:path';
import type { AttackImage } from '../attack/record.ts';
import { DataError, ImageError, OptionError } from '../core/errors.ts';
import { traceAsync, type Tracer } from '../core/tracer.ts';
import { loadAhead } from '../data/load-ahead.ts';
import { parseRange } from '../data/range.ts';
import type { Dataset, LoadOptions, Sample } from '../data/sample.ts';

/** An image that could not be read. */
export interface UnreadableImage {
  readonly index: number;
  readonly source: string;
  readonly label: number | null;
  readonly reason: string;
}

export type AttackItem = AttackImage | UnreadableImage;

export function isReadable(item: AttackItem): item is AttackImage {
  return 'pixels' in item;
}

export interface ReadOptions {
  /** `start:end`, `start:`, `:end`, `start:end:step` or one index; default: all images. */
  readonly range?: string;
  /** Length in pixels of the shorter side, before the crop. Encoded images only. */
  readonly resize?: number;
  /** Side in pixels of the centred square that is kept. Encoded images only. */
  readonly crop?: number;
}

/** What the model takes. */
export interface InputShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** How images are fitted while they are read. */
export function loadOptions({ resize, crop }: ReadOptions, channels?: number): LoadOptions {
  return {
    ...(resize === undefined ? {} : { resize }),
    ...(crop === undefined ? {} : { crop }),
    ...(channels === 1 || channels === 3 ? { channels } : {}),
  };
}

/** Reads the range of a data set, at most `ahead` images before they are asked for. */
export async function* readImages(
  dataset: Dataset,
  shape: InputShape,
  options: ReadOptions & { readonly ahead?: number; readonly tracer?: Tracer | null } = {},
): AsyncGenerator<AttackItem> {
  const { start, step, count } = parseRange(options.range ?? ':', dataset.length);
  const { ahead = 128, tracer = null } = options;
  const how = loadOptions(options, shape.channels);
  yield* loadAhead(count, ahead, (k) => {
    const index = start + k * step;
    return traceAsync(tracer, 'loader', `image ${index}`, () =>
      readImage(dataset, index, how, shape),
    );
  });
}

async function readImage(
  dataset: Dataset,
  index: number,
  how: LoadOptions,
  shape: InputShape,
): Promise<AttackItem> {
  try {
    return fitted(await dataset.load(index, how), shape);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const { path, message } = error;
    const source = relative(dataset.path, path) || path;
    const prefix = `${path}: `; // the record names the image already
    const reason = message.startsWith(prefix) ? message.slice(prefix.length) : message;
    return { index, source, label: null, reason };
  }
}

function fitted(sample: Sample, { channels, height, width }: InputShape): AttackItem {
  const { index, source, label, shape } = sample;
  if (shape.join() === [channels, height, width].join()) return sample;
  const reason = `the image is ${shape.join(' × ')}, the model takes ${channels} × ${height} × ${width}`;
  return { index, source, label, reason };
}

/**
 * The first image of the range that can be read, as it comes.
 * @throws DataError when none can, with the reason of the first.
 */
export async function probeImage(dataset: Dataset, options: ReadOptions): Promise<Sample> {
  const { start, end, step, count } = parseRange(options.range ?? ':', dataset.length);
  let reason = '';
  for (let index = start; index < end; index += step) {
    try {
      return await dataset.load(index, loadOptions(options));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      reason ||= error.message;
    }
  }
  const which = count === 1 ? 'the image' : `none of the ${count} images`;
  throw new DataError(
    `${dataset.path}: ${which} can${count === 1 ? 'not' : ''} be read: ${reason}`,
  );
}

/** An image given to the library: pixels [C, H, W] in the measured space, the rest as far as known. */
export interface ImageInput {
  readonly pixels: Float32Array;
  readonly label?: number | null;
  readonly source?: string;
}

/** Numbers images that come one by one. */
export async function* numberImages(
  images: AsyncIterable<ImageInput | Float32Array> | Iterable<ImageInput | Float32Array>,
): AsyncGenerator<AttackImage> {
  let index = 0;
  for await (const image of images) {
    const { pixels, label = null, source } = isInput(image) ? image : { pixels: image };
    if (!(pixels instanceof Float32Array)) {
      throw new OptionError(`image ${index}: expected pixels as a Float32Array`);
    }
    yield { index, source: source ?? `image ${index}`, label, pixels };
    index++;
  }
}

function isInput(image: ImageInput | Float32Array): image is ImageInput {
  return !(image instanceof Float32Array);
}
