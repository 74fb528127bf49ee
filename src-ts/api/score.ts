// The loss and error of a classifier on labelled images, as training scores it after each epoch.
import { openDataset } from '../data/dataset.ts';
import { liftParameters } from '../passes/lift-parameters.ts';
import { Evaluation, type Score } from '../train/evaluation.ts';
import type { Device } from './device.ts';
import type { ReadOptions } from './images.ts';
import { matchModel } from './match-model.ts';
import { readModel } from './model.ts';
import { openLabelledImages } from './training-images.ts';

export interface ScoreOptions extends ReadOptions {
  /** Path of the data set: its split `test` or `val`, if it has one. */
  readonly data: string;
  readonly device: Device;
  /** Images at a time. Default 64. */
  readonly batch?: number;
}

/** @throws OptionError, DataError, ImageError, ModelError, DeviceLimitError. */
export async function scoreModel(
  source: string | Uint8Array,
  { data, device, batch = 64, ...options }: ScoreOptions,
): Promise<Score> {
  const dataset = await openDataset(data);
  const { model } = await matchModel(await readModel(source), dataset, options);
  const images = await openLabelledImages(dataset, model, options);
  const lifted = liftParameters(model.graph);
  const evaluation = await Evaluation.create(device, lifted, images, batch);
  try {
    const parameters = lifted.parameters.map(({ name, value }) => [name, value] as const);
    return await evaluation.score(Object.fromEntries(parameters));
  } finally {
    evaluation.dispose();
  }
}
