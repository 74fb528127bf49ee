// Many images at once: into one array, a slot each, or as a stream of such arrays. The addon decodes
// on threads of its own; here a bounded number of images is put before them at a time, so that a
// caller's million paths do not become a million jobs, and bytes are copied only when needed.

import { ImageError, OptionError } from '../core/errors.ts';
import { loadAddon, type NativeBatch, type NativeOptions, type NativeOutcome } from './addon.ts';
import { type BatchOptions, readBatchOptions } from './image-options.ts';
import { labelOf, type ImageSource } from './image-source.ts';

/** Why an image could not be loaded. */
export type ImageFault =
  | 'empty'
  | 'unknown-format'
  | 'unsupported-format'
  | 'too-large'
  | 'truncated'
  | 'corrupt'
  | 'animated'
  | 'unreadable'
  | 'out-of-memory';

/** What came of one image. A warning tells of a fault that decoding went on past. */
export type ImageStatus =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly code: ImageFault; readonly error: ImageError };

type Samples = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** The sample type of a dtype. */
type SamplesOf<O extends { readonly dtype?: string }> = O extends { readonly dtype: 'uint8' }
  ? Uint8Array<ArrayBuffer>
  : Float32Array<ArrayBuffer>;

/** Images side by side: [N, C, H, W], or [N, H, W, C] with layout `nhwc`. */
export interface ImageBatch<Data extends Samples = Samples> {
  readonly data: Data;
  readonly shape: readonly [number, number, number, number];
  /** One a source, in order. The slot of an image that could not be loaded is NaN (0 in uint8). */
  readonly statuses: readonly ImageStatus[];
}

export interface LoadImagesOptions extends BatchOptions {
  /** Stops the batch: it rejects with the signal's reason once images begun are through. */
  readonly signal?: AbortSignal;
  /** Memory to load into instead of new memory: exactly long enough, and not to be transferred meanwhile. */
  readonly into?: Samples;
}

// A portion is told to the addon in one call and told of in one; several are under way, so that no
// thread waits while the main thread is busy.
const PORTION = 8;
const PORTION_BYTES = 2 ** 20; // copied in one go on the main thread, which takes under a millisecond
const PORTIONS_PER_THREAD = 2;

/**
 * Loads images into one array, on as many threads as there are cores. An image that cannot be read
 * costs only its own slot; only wrong options, a missing addon or the signal reject.
 */
export async function loadImages<const O extends LoadImagesOptions>(
  sources: readonly ImageSource[],
  options: O,
): Promise<ImageBatch<SamplesOf<O>>> {
  const native = readBatchOptions(options);
  options.signal?.throwIfAborted();
  const shape = shapeOf(sources.length, native);
  const data = samplesFor(shape, native, options.into);
  const statuses = await loadInto(data, sources, native, options.signal);
  return { data: data as SamplesOf<O>, shape, statuses };
}

export interface StreamOptions extends Omit<LoadImagesOptions, 'into'> {
  /** Images of each batch; the last one may have fewer. */
  readonly batch: number;
  /** Batches loaded before they are asked for; 1 by default. */
  readonly ahead?: number;
}

/**
 * Loads images batch by batch, ahead of the consumer, in a ring of `ahead` + 1 arrays that are used
 * again: a batch's data are valid until the next one is asked for.
 */
export async function* streamImages<const O extends StreamOptions>(
  sources: readonly ImageSource[],
  options: O,
): AsyncGenerator<ImageBatch<SamplesOf<O>>, void, undefined> {
  const { batch, ahead = 1 } = options;
  checkCount('batch', batch, 1);
  checkCount('ahead', ahead, 0);
  const native = readBatchOptions(options);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const count = Math.ceil(sources.length / batch);
  const ring = Array.from({ length: Math.min(count, ahead + 1) }, () =>
    samplesFor(shapeOf(batch, native), native, undefined),
  );
  const load = async (index: number): Promise<ImageBatch<SamplesOf<O>>> => {
    const part = sources.slice(index * batch, (index + 1) * batch);
    const shape = shapeOf(part.length, native);
    const data = ring[index % ring.length]!.subarray(0, elementsOf(shape)) as SamplesOf<O>;
    return { data, shape, statuses: await loadInto(data, part, native, signal) };
  };
  const pending: Promise<ImageBatch<SamplesOf<O>>>[] = [];
  const begin = (index: number): void => {
    if (index >= count) return;
    const loading = load(index);
    loading.catch(() => undefined); // told to whoever takes it from the queue
    pending.push(loading);
  };
  try {
    for (let index = 0; index < ahead; index++) begin(index);
    for (let index = 0; index < count; index++) {
      begin(index + ahead);
      yield await pending.shift()!;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(pending); // the ring is written to until then
  }
}

async function loadInto(
  data: Samples,
  sources: readonly ImageSource[],
  native: NativeOptions,
  signal: AbortSignal | undefined,
): Promise<ImageStatus[]> {
  const addon = loadAddon();
  if (sources.length === 0) return [];
  const batch = new addon.Batch(native, data);
  const cancel = (): void => {
    batch.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const underWay = PORTIONS_PER_THREAD * addon.threads();
    const statuses = await runPortions(batch, sources, underWay, signal);
    signal?.throwIfAborted();
    return statuses;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function runPortions(
  batch: NativeBatch,
  sources: readonly ImageSource[],
  underWay: number,
  signal: AbortSignal | undefined,
): Promise<ImageStatus[]> {
  const statuses = new Array<ImageStatus>(sources.length);
  let next = 0;
  const feed = async (): Promise<void> => {
    while (next < sources.length && signal?.aborted !== true) {
      const first = next;
      next = portionEnd(sources, first);
      const part = sources.slice(first, next);
      const outcomes = await batch.load(part, first);
      outcomes.forEach((outcome, i) => (statuses[first + i] = statusOf(part[i]!, outcome)));
    }
  };
  const feeders = Math.min(underWay, sources.length);
  await Promise.all(Array.from({ length: feeders }, feed));
  return statuses;
}

/** Where the portion that begins at `first` ends: few images, and fewer large ones. */
function portionEnd(sources: readonly ImageSource[], first: number): number {
  let end = first;
  for (
    let bytes = 0;
    end < sources.length && end - first < PORTION && bytes < PORTION_BYTES;
    end++
  ) {
    const source = sources[end]!;
    if (typeof source !== 'string') bytes += source.length;
  }
  return end;
}

function statusOf(source: ImageSource, [code, message]: NativeOutcome): ImageStatus {
  if (code === '') return message === '' ? { ok: true } : { ok: true, warning: message };
  return { ok: false, code: code as ImageFault, error: new ImageError(labelOf(source), message) };
}

function shapeOf(count: number, native: NativeOptions): [number, number, number, number] {
  const { channels, cropHeight, cropWidth, channelsLast } = native;
  return channelsLast
    ? [count, cropHeight, cropWidth, channels]
    : [count, channels, cropHeight, cropWidth];
}

const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function samplesFor(
  shape: readonly number[],
  { uint8 }: NativeOptions,
  into: Samples | undefined,
): Samples {
  const length = elementsOf(shape);
  if (into === undefined) return uint8 ? new Uint8Array(length) : new Float32Array(length);
  const expected = uint8 ? 'Uint8Array' : 'Float32Array';
  const fits = uint8 ? into instanceof Uint8Array : into instanceof Float32Array;
  if (fits && into.length === length && into.buffer instanceof ArrayBuffer) return into;
  throw new OptionError(
    `into: expected a ${expected} of ${length} for shape [${shape.join(', ')}], ` +
      `got a ${into.constructor.name} of ${into.length}`,
  );
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new OptionError(`${name}: expected a whole number of at least ${least}, got ${value}`);
}
