// Perturbations of a whole data set, made once from one network: kept in a file, so that fine-tuning goes on
// after a stop, and so that runs with another α share them.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Method } from '../attack/attack.ts';
import type { AttackImage, AttackStatus } from '../attack/record.ts';
import { DataError, OptionError } from '../core/errors.ts';
import { readTensorFile, writeTensorFile } from '../data/tensor-file.ts';
import type { Dataset } from '../data/sample.ts';
import { elementCount } from '../core/shape.ts';
import { tensor } from '../core/tensor.ts';
import { exportOnnx } from '../onnx/export/export-onnx.ts';
import type { LabelledImages } from '../train/labelled-images.ts';
import { AttackRun } from './attack-run.ts';
import type { Device } from './device.ts';
import { isReadable, readImages, type AttackItem, type ReadOptions } from './images.ts';
import type { Model } from './model.ts';

/**
 * The methods that fine-tuning knows, with their defaults, and what becomes of an image that is taken with
 * its perturbation: fast gradient sign has one for all images, also for those that it does not mislead.
 */
export const PERTURBERS = {
  deepfool: ['fooled'],
  fgsm: ['fooled', 'exhausted'],
  'fgsm-float32': ['fooled', 'exhausted'],
} as const satisfies Partial<Record<Method, readonly AttackStatus[]>>;
export type PerturberName = keyof typeof PERTURBERS;

export interface PerturbationSet {
  /** Image after image; 0 for images that the method has none for. */
  readonly values: Float32Array;
  readonly fooled: number;
  /** What the method chose for all images together, in sentences. */
  readonly notes: readonly string[];
}

export interface PerturbationRequest {
  readonly executor: Device;
  readonly method: PerturberName;
  /** Fast gradient sign's, instead of the smallest that misleads 90 % of the images. */
  readonly epsilon: number | undefined;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly images: LabelledImages;
  readonly options: ReadOptions;
  /** Where they are kept. */
  readonly path: string;
  /** Makes them again rather than refuse a file of others. */
  readonly replace: boolean;
}

const FORMAT = 'deepfool perturbations 1';

/**
 * The perturbations of all images: from their file, or made and written there; null when stopped before.
 * @throws OptionError when the file is of another model, method or data set.
 */
export async function openPerturbations(
  request: PerturbationRequest,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number, fooled: number) => void,
): Promise<PerturbationSet | null> {
  const { path, model, method, epsilon, dataset, images, options } = request;
  const metadata = {
    format: FORMAT,
    method: epsilon === undefined ? method : `${method} with ε = ${epsilon}`,
    network: createHash('sha256').update(exportOnnx(model.graph)).digest('hex'),
    data: dataset.path,
    range: options.range ?? ':',
    fitting: JSON.stringify([options.resize ?? null, options.crop ?? null]),
  };
  const known = existsSync(path) ? await readSet(path, metadata, request.replace) : null;
  if (known !== null) return known;
  const made = await perturbAll(request, signal, onProgress);
  if (made === null) return null;
  const shape = [images.length, ...images.imageShape];
  const fooled = tensor('int32', [1], Int32Array.of(made.fooled));
  const tensors = { perturbations: tensor('float32', shape, made.values), fooled };
  const notes = JSON.stringify(made.notes);
  await writeTensorFile(path, { tensors, metadata: { ...metadata, notes } });
  return made;
}

async function readSet(
  path: string,
  expected: Readonly<Record<string, string>>,
  replace: boolean,
): Promise<PerturbationSet | null> {
  const { tensors, metadata } = await readTensorFile(path);
  const other = Object.keys(expected).find((name) => metadata[name] !== expected[name]);
  if (other !== undefined) {
    if (replace) return null;
    throw new OptionError(
      `--perturbations: ${path} is of another ${other}: ${metadata[other]}, not ${expected[other]}`,
    );
  }
  const { perturbations, fooled } = tensors;
  if (perturbations === undefined || fooled === undefined) {
    throw new DataError(`${path}: damaged: expected perturbations in it`);
  }
  const notes = JSON.parse(metadata['notes'] ?? '[]') as string[];
  return { values: perturbations.data as Float32Array, fooled: fooled.data[0]!, notes };
}

async function perturbAll(
  { executor, method, epsilon, model, dataset, images, options }: PerturbationRequest,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number, fooled: number) => void,
): Promise<PerturbationSet | null> {
  const { length, imageShape } = images;
  const size = elementCount(imageShape);
  const values = new Float32Array(length * size);
  const taken: readonly AttackStatus[] = PERTURBERS[method];
  let [done, fooled] = [0, 0];
  const how = { method, device: executor, ...(epsilon === undefined ? {} : { epsilon }) };
  const attack = await AttackRun.open(model, how, { images: true });
  try {
    const items = readImages(dataset, model.inputShape, { ...options, ahead: 2 * attack.batch });
    for await (const { image, record, adversarial } of attack.attack(readable(items, signal))) {
      if (signal?.aborted === true) return null;
      if (adversarial !== null && taken.includes(record.status)) {
        const at = done * size;
        for (const [i, x] of adversarial.entries()) values[at + i] = x - image.pixels[i]!;
      }
      if (record.status === 'fooled') fooled++;
      onProgress(++done, length, fooled);
    }
    return signal?.aborted === true ? null : { values, fooled, notes: attack.choices };
  } finally {
    attack.dispose();
  }
}

/** Images up to the signal; throws DataError for one that cannot be read: it cannot be trained on. */
async function* readable(
  items: AsyncIterable<AttackItem>,
  signal: AbortSignal | undefined,
): AsyncGenerator<AttackImage> {
  for await (const item of items) {
    if (signal?.aborted === true) return;
    if (!isReadable(item)) throw new DataError(`${item.source}: ${item.reason}`);
    yield item;
  }
}

/** The images with α times their perturbations added. */
export function perturb(
  images: LabelledImages,
  perturbations: Float32Array,
  alpha: number,
): LabelledImages {
  const size = elementCount(images.imageShape);
  return {
    ...images,
    gather: async (index) => {
      const batch = await images.gather(index);
      for (const [k, i] of index.entries()) {
        for (let at = 0; at < size; at++) {
          batch.pixels[k * size + at]! += alpha * perturbations[i * size + at]!;
        }
      }
      return batch;
    },
  };
}
