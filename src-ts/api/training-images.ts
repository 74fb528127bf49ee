// Labelled images of a data set as training reads them: held in memory where they fit, else decoded again
// whenever a batch of them is wanted.
import { DataError } from '../core/errors.ts';
import { parseRange } from '../data/range.ts';
import type { Dataset, LoadOptions, Sample } from '../data/sample.ts';
import { holdImages, type ImageBatch, type LabelledImages } from '../train/labelled-images.ts';
import { loadOptions, type InputShape, type ReadOptions } from './images.ts';

/** Bytes of decoded images that are kept in memory. */
const MOST_HELD = 2 ** 30;
/** Images decoded at a time. */
const AT_A_TIME = 256;

/**
 * The images of a data set, as a model of `classes` classes takes them.
 * @throws DataError naming the first image without a label, with a label that the model has no class
 * for, or of another size; ImageError naming the first that cannot be read. Images that are held are all
 * looked at here, others when their batch is.
 */
export async function openLabelledImages(
  dataset: Dataset,
  { inputShape, classes }: { readonly inputShape: InputShape; readonly classes: number },
  options: ReadOptions,
): Promise<LabelledImages> {
  const { channels, height, width } = inputShape;
  const imageShape = [channels, height, width] as const;
  const { start, step, count: length } = parseRange(options.range ?? ':', dataset.length);
  const how = loadOptions(options, channels);
  const size = channels * height * width;
  const gather = async (index: Int32Array): Promise<ImageBatch> => {
    const samples = await Promise.all(
      Array.from(index, (i) => load(dataset, start + i * step, how, imageShape, classes)),
    );
    const pixels = new Float32Array(index.length * size);
    for (const [k, sample] of samples.entries()) pixels.set(sample.pixels, k * size);
    return { pixels, labels: Int32Array.from(samples, ({ label }) => label) };
  };
  if (4 * length * size > MOST_HELD) return { length, imageShape, gather };
  const held = { pixels: new Float32Array(length * size), labels: new Int32Array(length) };
  for (let at = 0; at < length; at += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, length - at);
    const { pixels, labels } = await gather(Int32Array.from({ length: count }, (_, k) => at + k));
    held.pixels.set(pixels, at * size);
    held.labels.set(labels, at);
  }
  return holdImages(imageShape, held);
}

async function load(
  dataset: Dataset,
  index: number,
  how: LoadOptions,
  imageShape: LabelledImages['imageShape'],
  classes: number,
): Promise<Sample & { readonly label: number }> {
  const sample = await dataset.load(index, how);
  const { label, source, shape } = sample;
  const where = `${dataset.path}: ${source}`;
  if (shape.join() !== imageShape.join()) {
    const [came, expected] = [shape.join(' × '), imageShape.join(' × ')];
    throw new DataError(`${where}: expected an image of ${expected}, got ${came}`);
  }
  if (label === null)
    throw new DataError(`${where}: expected a label, the data set has none for it`);
  if (label >= 0 && label < classes) return { ...sample, label };
  throw new DataError(`${where}: expected a label from 0 to ${classes - 1}, got ${label}`);
}
