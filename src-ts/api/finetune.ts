// Fine-tuning as in the paper's §4.2: some extra epochs at a reduced learning rate on adversarial images of
// the training set alone, which are made once, from the network as it was. With clean images instead, the
// same epochs tell what the extra training alone does.
import { OptionError } from '../core/errors.ts';
import { requireWritable } from '../data/output-file.ts';
import { openDevice } from './device.ts';
import { matchModel } from './match-model.ts';
import { readModel } from './model.ts';
import {
  openPerturbations,
  perturb,
  PERTURBERS,
  type PerturbationSet,
  type PerturberName,
} from './perturbations.ts';
import {
  describeSource,
  openImages,
  openSets,
  requireOutputs,
  runTraining,
  trainingSettings,
  type TrainingOptions,
  type TrainingRun,
  type TrainSummary,
  type TrainWatch,
} from './train.ts';

export interface FinetuneOptions extends TrainingOptions {
  /** What the images are perturbed by; `none` trains on them as they are. Default `deepfool`. */
  readonly adversarial?: PerturberName | 'none';
  /** Fast gradient sign's, instead of the smallest that misleads 90 % of the training images. */
  readonly epsilon?: number;
  /** Perturbations are multiplied by it. Default 1. */
  readonly alpha?: number;
  /** The learning rate is `lr` times this. Default 0.5. */
  readonly lrFactor?: number;
  /** File that keeps the perturbations; default: beside `out`. */
  readonly perturbations?: string;
  /** Default 5. */
  readonly epochs?: number;
}

export interface FinetuneWatch extends TrainWatch {
  /** While perturbations are made: images done, out of how many, and fooled. */
  readonly onPerturbed?: (progress: { done: number; total: number; fooled: number }) => void;
}

export interface FinetuneSummary extends TrainSummary {
  readonly adversarial: PerturberName | 'none';
  readonly alpha: number;
  /** Training images that their perturbations mislead; null for clean ones. */
  readonly fooled: number | null;
  readonly perturbations: string | null;
}

/**
 * Trains a network further on adversarial images. Throws as `trainModel` does, before any work for all
 * that can be known then.
 */
export async function finetuneModel(
  source: string | Uint8Array,
  options: FinetuneOptions,
  watch: FinetuneWatch = {},
): Promise<FinetuneSummary> {
  const { adversarial = 'deepfool', alpha = 1, lrFactor = 0.5, epochs = 5 } = options;
  const plain = trainingSettings({ ...options, epochs });
  const settings = { ...plain, rate: plain.rate * lrFactor };
  checkEpsilon(adversarial, options.epsilon);
  const path = adversarial === 'none' ? null : await checkPerturbing(options, alpha, lrFactor);
  await requireOutputs(options.out);
  const sets = await openSets(options.data);
  const file = await readModel(source);
  const keepsDropout = { ...options, keepsDropout: true };
  const { model } = await matchModel(file, sets.training, keepsDropout);
  const images = await openImages(sets, model, options);
  const { device = 'auto' } = options;
  const executor = typeof device === 'string' ? await openDevice(device) : device;
  try {
    const described = describeSource(model, options);
    const identity = {
      ...settings,
      ...described,
      adversarial,
      alpha,
      ...(options.epsilon === undefined ? {} : { epsilon: options.epsilon }),
      images: images.training.length,
    };
    const run: TrainingRun = {
      ...{ model, images, settings, identity },
      options: { ...options, device: executor },
    };
    const told = { adversarial, alpha, perturbations: path };
    if (path === null || adversarial === 'none') {
      return { ...(await runTraining(run, watch)), ...told, fooled: null };
    }
    const request = {
      ...{ executor, method: adversarial, epsilon: options.epsilon },
      ...{ model, dataset: sets.training },
      ...{ images: images.training, options, path, replace: options.perturbations === undefined },
    };
    const set = await openPerturbations(request, watch.signal, (done, total, fooled) => {
      watch.onPerturbed?.({ done, total, fooled });
    });
    // Stopped while they were made: the run stops before its first step too.
    const training = set === null ? images.training : perturb(images.training, set.values, alpha);
    const notes = set === null ? [] : notesOf(set, training.length);
    for (const note of notes) watch.onNote?.(note);
    const perturbed = { ...run, images: { ...images, training } };
    const summary = await runTraining(perturbed, watch);
    const all = [...notes, ...summary.notes];
    return { ...summary, ...told, fooled: set?.fooled ?? 0, notes: all };
  } finally {
    if (typeof device === 'string') executor.dispose();
  }
}

function notesOf({ fooled, notes }: PerturbationSet, images: number): string[] {
  return [
    ...notes,
    `the perturbations mislead the model on ${fooled} of ${images} training images`,
  ];
}

/** Checks what perturbing is told; the path of the file. */
async function checkPerturbing(
  { adversarial = 'deepfool', out, perturbations }: FinetuneOptions,
  alpha: number,
  lrFactor: number,
): Promise<string> {
  if (!Object.hasOwn(PERTURBERS, adversarial)) {
    const names = [...Object.keys(PERTURBERS), 'none'].join(' or ');
    throw new OptionError(`--adversarial: expected ${names}, got "${adversarial}"`);
  }
  if (!Number.isFinite(alpha)) throw new OptionError(`--alpha: expected a number, got ${alpha}`);
  if (!(lrFactor > 0)) throw new OptionError(`--lr-factor: expected a number > 0, got ${lrFactor}`);
  const path = perturbations ?? `${out}.perturbations`;
  await requireWritable(path);
  return path;
}

function checkEpsilon(adversarial: PerturberName | 'none', epsilon: number | undefined): void {
  if (epsilon === undefined) return;
  if (adversarial !== 'fgsm' && adversarial !== 'fgsm-float32') {
    throw new OptionError(
      `--epsilon: expected --adversarial fgsm or fgsm-float32, got ${adversarial}`,
    );
  }
  if (!(epsilon > 0)) throw new OptionError(`--epsilon: expected a number > 0, got ${epsilon}`);
}
