// One record an image: what happened to it, and how large the perturbation is.
import type { MeasureName } from './measures.ts';
import type { ResolvedOptions } from './options.ts';
import type { SlotStatus } from './step.ts';

/** One image to attack: float32 [C, H, W], row-major, in the space the perturbation is measured in. */
export interface AttackImage {
  readonly index: number;
  readonly source: string;
  readonly label: number | null;
  readonly pixels: Float32Array;
}

export type AttackStatus = Exclude<SlotStatus, 'new' | 'running'>;

/**
 * The fields of one line of results. Norms are of r̂ = (1 + η) r and of the image, in the measured
 * space; an image that was not fooled has no r̂, and so null norms.
 */
export interface AttackRecord {
  readonly index: number;
  readonly source: string;
  readonly label: number | null;
  /** The class the model gives the image as it is; null when its logits are not finite. */
  readonly predicted: number | null;
  /** The class of the adversarial image. */
  readonly adversarial: number | null;
  readonly status: AttackStatus;
  readonly steps: number;
  readonly l2: number | null;
  readonly linf: number | null;
  /** Present when the norm is neither 2 nor ∞. */
  readonly lp?: number | null;
  /** Norms of the image; null when it could not be read. */
  readonly x_l2: number | null;
  readonly x_linf: number | null;
  /** ‖r̂‖_p / ‖x‖_p in the measured space. */
  readonly rho: number | null;
  /** The same of the normalised image and perturbation; present when mean or std are given. */
  readonly rho_input?: number | null;
  /** Smallest and largest value of the adversarial image. */
  readonly min: number | null;
  readonly max: number | null;
  readonly error: string | null;
}

/** What was read back of one slot. */
export interface ImageReading {
  readonly status: SlotStatus;
  readonly original: number;
  readonly adversarial: number;
  readonly steps: number;
  readonly measures: Readonly<Partial<Record<MeasureName, number>>>;
}

const REASONS: Readonly<
  Record<AttackStatus, (steps: number, target: number | null) => string | null>
> = {
  fooled: () => null,
  exhausted: (steps, target) =>
    target === null
      ? `the class did not change within ${steps} steps`
      : `class ${target} was not reached within ${steps} steps`,
  stalled: (steps) => `every candidate's gradient is zero after ${steps} steps`,
  failed: (steps) => `a logit or gradient is NaN or infinite at step ${steps}`,
};

export function recordOf(
  image: AttackImage,
  reading: ImageReading,
  options: ResolvedOptions,
): AttackRecord {
  const { measures, steps } = reading;
  const status =
    reading.status === 'new' || reading.status === 'running' ? 'failed' : reading.status;
  const fooled = status === 'fooled';
  const given = (name: MeasureName): number | null => (fooled ? (measures[name] ?? null) : null);
  const { norm } = options;
  const general = norm !== 2 && norm !== Infinity;
  const [top, bottom]: [MeasureName, MeasureName] = general
    ? ['lp', 'x_lp']
    : norm === 2
      ? ['l2', 'x_l2']
      : ['linf', 'x_linf'];
  return {
    index: image.index,
    source: image.source,
    label: image.label,
    predicted: status === 'failed' && steps === 0 ? null : reading.original,
    adversarial: fooled ? reading.adversarial : null,
    status,
    steps,
    l2: given('l2'),
    linf: given('linf'),
    ...(general ? { lp: given('lp') } : {}),
    x_l2: measures.x_l2 ?? 0,
    x_linf: measures.x_linf ?? 0,
    rho: ratio(given(top), measures[bottom]),
    ...(options.mean === null ? {} : { rho_input: ratio(given('input_lp'), measures.input_x_lp) }),
    min: given('min'),
    max: given('max'),
    error: REASONS[status](steps, options.target),
  };
}

/** The record of an image that never reached the model: `failed`, with the reason. */
export function unreadableRecord(
  image: Pick<AttackImage, 'index' | 'source' | 'label'>,
  reason: string,
  { norm, mean }: ResolvedOptions,
): AttackRecord {
  return {
    index: image.index,
    source: image.source,
    label: image.label,
    predicted: null,
    adversarial: null,
    status: 'failed',
    steps: 0,
    l2: null,
    linf: null,
    ...(norm === 2 || norm === Infinity ? {} : { lp: null }),
    x_l2: null,
    x_linf: null,
    rho: null,
    ...(mean === null ? {} : { rho_input: null }),
    min: null,
    max: null,
    error: reason,
  };
}

function ratio(top: number | null, bottom: number | undefined): number | null {
  return top === null || bottom === undefined || bottom === 0 ? null : top / bottom;
}
