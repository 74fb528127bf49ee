// DeepFool as a function: a model and images in, one result an image out, in their order.
import type { DeepFoolOptions } from '../attack/options.ts';
import type { Dataset } from '../data/sample.ts';
import { ImageFolder } from '../report/image-folder.ts';
import type { AttackOptions, RunOptionsOf } from './attack-options.ts';
import { AttackRun } from './attack-run.ts';
import { numberImages, readImages, type ImageInput } from './images.ts';
import type { Model } from './model.ts';
import { isWrong, type Result } from './result.ts';

/** Results in the order of the images: iterate, or collect them all. */
export interface Results extends AsyncIterable<Result> {
  readonly collect: () => Promise<Result[]>;
}

export type Images =
  Dataset | AsyncIterable<ImageInput | Float32Array> | Iterable<ImageInput | Float32Array>;

/**
 * Finds for each image the smallest perturbation that changes its class (DeepFool, CVPR 2016).
 *
 * `images` is a data set, or float32 [C, H, W] images in [0, 1], the space perturbations are measured
 * in. An image that cannot be read or has no finite logits gives a result of status `failed`; the
 * others go on. Where memory runs out, or a device that was opened by name is lost, the rest runs with a
 * smaller batch or on a new device, to the same results; `onNote` is told. Nothing runs before the first
 * result is asked for. Throws, then:
 * @throws OptionError for an option out of range.
 * @throws DeviceError when there is no such device, DeviceLimitError or OutOfMemoryError when one image does
 * not fit it, DeviceLostError when it is the caller's, or is lost again and again.
 * @throws ShapeError for pixels that are not what the model takes.
 */
export function deepfool(
  model: Model,
  images: Images,
  options: RunOptionsOf<DeepFoolOptions> = {},
): Results {
  return attackImages(model, images, { ...options, method: 'deepfool' });
}

/** Attacks images with the method of the options. */
export function attackImages(model: Model, images: Images, options: AttackOptions): Results {
  const iterate = (): AsyncGenerator<Result> => run(model, images, options);
  return {
    [Symbol.asyncIterator]: iterate,
    collect: async () => {
      const all: Result[] = [];
      for await (const result of iterate()) all.push(result);
      return all;
    },
  };
}

async function* run(model: Model, images: Images, options: AttackOptions): AsyncGenerator<Result> {
  const { onlyCorrect = false, pixels = true } = options;
  const folder = await openFolder(model, options);
  const attack = await AttackRun.open(model, options, { images: pixels, folder });
  try {
    const items = isDataset(images)
      ? readImages(images, model.inputShape, { ...options, ahead: 2 * attack.batch })
      : numberImages(images);
    for await (const result of attack.results(items)) {
      if (onlyCorrect && isWrong(result.record)) continue;
      yield pixels ? result : { ...result, adversarial: null };
    }
  } finally {
    attack.dispose();
  }
}

/** The folder that images are to be saved to, made ready; null when none is asked for. */
export async function openFolder(
  { inputShape: { channels, height, width } }: Model,
  { saveImages }: AttackOptions,
): Promise<ImageFolder | null> {
  if (saveImages === undefined) return null;
  return ImageFolder.open(saveImages, [channels, height, width]);
}

function isDataset(images: Images): images is Dataset {
  return 'load' in images;
}
