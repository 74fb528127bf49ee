// What every attack is to those who run one: images in, results out, in the order of the images.
import type { AttackResult } from './deepfool.ts';
import type { ResolvedOptions } from './options.ts';
import type { AttackImage } from './record.ts';

/** The attacks by name: DeepFool, and the baselines that the paper compares it with. */
export const METHODS = ['deepfool', 'fgsm', 'fgsm-float32', 'lbfgs'] as const;
export type Method = (typeof METHODS)[number];

/** An attack compiled for one model, one set of options and one device. */
export interface Attack {
  readonly options: ResolvedOptions;
  /** Images attacked at a time: what was asked for, or less where the device's buffers end. */
  readonly batch: number;
  /** Why the device took no larger batch, where it refused one that should have fitted. */
  readonly refusal: Error | null;
  /** What the attack chose for all images together, in sentences; known when its results are. */
  readonly notes?: readonly string[];
  /** Fast gradient sign's ε; known when the results are. */
  readonly epsilon?: number | null;
  /** Whether that choice makes each result depend on all images. */
  readonly joint?: boolean;
  readonly attack: (
    images: AsyncIterable<AttackImage> | Iterable<AttackImage>,
  ) => AsyncGenerator<AttackResult>;
  readonly dispose: () => void;
}
