// The points that DeepFool goes through on its way out of a class: runs with one step, with two, and so on.
import type { Device } from '../api/device.ts';
import { DataError } from '../core/errors.ts';
import { DeepFoolAttack, type AttackModel } from '../attack/deepfool.ts';
import type { DeepFoolOptions } from '../attack/options.ts';
import type { AttackImage, AttackRecord } from '../attack/record.ts';
import type { Point } from './probe.ts';

export interface Iterates {
  /** x0, x1, … up to the one that fools. */
  readonly points: readonly Point[];
  /** Of the run that fooled. */
  readonly record: AttackRecord;
}

/** DeepFool's iterates on an image. Throws DataError when it is not fooled. */
export async function iteratesOf(
  device: Device,
  model: AttackModel,
  image: AttackImage,
  options: DeepFoolOptions = {},
): Promise<Iterates> {
  const points: Point[] = [image.pixels];
  for (let maxSteps = 1; ; maxSteps++) {
    const settings = { batch: 1, images: true };
    const attack = await DeepFoolAttack.create(device, model, { ...options, maxSteps }, settings);
    try {
      for await (const { record, adversarial } of attack.attack([image])) {
        points.push(adversarial!);
        if (record.status === 'fooled') return { points, record };
        if (record.status !== 'exhausted' || maxSteps === MOST_STEPS) {
          throw new DataError(`${image.source}: ${record.error ?? record.status}`);
        }
      }
    } finally {
      attack.dispose();
    }
  }
}

const MOST_STEPS = 50;
