// One record an image: what happened to it, and how large the perturbation is.
import { ShapeError } from '../core/errors.ts';
import { elementCount, type StaticShape } from '../core/shape.ts';
import type { MeasureName } from './measures.ts';
import type { ResolvedOptions } from './options.ts';
import type { Quantized } from './quantize.ts';
import type { Refined } from './refine.ts';
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
  /** Vector-Jacobian products computed for it, over all steps: K − 1 a step unless `lazy`. */
  readonly products: number;
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
  /** With `refine`: norms, ρ and class of the refined perturbation, never larger than DeepFool's. */
  readonly refined_l2?: number | null;
  readonly refined_linf?: number | null;
  readonly refined_lp?: number | null;
  readonly refined_rho?: number | null;
  readonly refined_adversarial?: number | null;
  /** With `quantize`: the scale of r̂ at which the image fools in 8 bits too, null when none does. */
  readonly quantized_scale?: number | null;
  /** Norms, ρ and class of that image. */
  readonly quantized_l2?: number | null;
  readonly quantized_linf?: number | null;
  readonly quantized_lp?: number | null;
  readonly quantized_rho?: number | null;
  readonly quantized_adversarial?: number | null;
  /** Whether the image fools in 8 bits; of a saved one as read back from its file. */
  readonly survives_8bit?: boolean | null;
  /** With saved images: name of the file in its folder, norms, ρ and class of what it holds. */
  readonly saved_as?: string | null;
  readonly saved_l2?: number | null;
  readonly saved_linf?: number | null;
  readonly saved_lp?: number | null;
  readonly saved_rho?: number | null;
  readonly saved_adversarial?: number | null;
  /** Smallest and largest value of the adversarial image. */
  readonly min: number | null;
  readonly max: number | null;
  readonly error: string | null;
}

/** What was made of a fooled image after DeepFool; null where nothing was asked for or found. */
export interface Afterwards {
  readonly refined: Refined | null;
  readonly quantized: Quantized | null;
}

/** Throws ShapeError, naming the image, when it has not as many values as the model takes. */
export function requireSize({ pixels, source }: AttackImage, shape: StaticShape): void {
  if (pixels.length === elementCount(shape)) return;
  throw new ShapeError(
    `${source}: the model takes ${shape.join(' × ')} images, this one has ${pixels.length} values`,
  );
}

/** What was read back of one slot. */
export interface ImageReading {
  readonly status: SlotStatus;
  readonly original: number;
  readonly adversarial: number;
  readonly steps: number;
  readonly products: number;
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
  { refined, quantized }: Afterwards = { refined: null, quantized: null },
): AttackRecord {
  const { measures, steps, products } = reading;
  const status =
    reading.status === 'new' || reading.status === 'running' ? 'failed' : reading.status;
  const fooled = status === 'fooled';
  const given = (name: MeasureName): number | null => (fooled ? (measures[name] ?? null) : null);
  const { norm } = options;
  const general = isGeneral(norm);
  const [top, bottom] = measuresOf(norm);
  return {
    index: image.index,
    source: image.source,
    label: image.label,
    predicted: status === 'failed' && steps === 0 ? null : reading.original,
    adversarial: fooled ? reading.adversarial : null,
    status,
    steps,
    products,
    l2: given('l2'),
    linf: given('linf'),
    ...(general ? { lp: given('lp') } : {}),
    x_l2: measures.x_l2 ?? 0,
    x_linf: measures.x_linf ?? 0,
    rho: ratio(given(top), measures[bottom]),
    ...(options.mean === null ? {} : { rho_input: ratio(given('input_lp'), measures.input_x_lp) }),
    ...(options.refine ? refinedFields(refined, options, reading) : {}),
    ...(options.quantize ? quantizedFields(quantized, options, measures, fooled) : {}),
    min: given('min'),
    max: given('max'),
    error: REASONS[status](steps, options.target),
  };
}

function refinedFields(
  refined: Refined | null,
  { norm }: ResolvedOptions,
  reading: Pick<ImageReading, 'adversarial' | 'measures'> | null,
): Partial<AttackRecord> {
  const measures = reading?.measures ?? {};
  const [top, bottom] = measuresOf(norm);
  // Measured again, an unchanged perturbation would differ in its last digit.
  const smaller = refined !== null && refined.scale < 1;
  const own = refined === null ? {} : measures;
  const l2 = smaller ? refined.l2 : (own.l2 ?? null);
  const linf = smaller ? refined.linf : (own.linf ?? null);
  const size = smaller ? refined.lp : (own[top] ?? null);
  return {
    refined_l2: l2,
    refined_linf: linf,
    ...(isGeneral(norm) ? { refined_lp: size } : {}),
    refined_rho: ratio(size, measures[bottom]),
    refined_adversarial: smaller ? refined.adversarial : refined && reading!.adversarial,
  };
}

function quantizedFields(
  quantized: Quantized | null,
  { norm }: ResolvedOptions,
  measures: ImageReading['measures'],
  fooled: boolean,
): Partial<AttackRecord> {
  const size = quantized?.lp ?? null;
  return {
    quantized_scale: quantized?.scale ?? null,
    quantized_l2: quantized?.l2 ?? null,
    quantized_linf: quantized?.linf ?? null,
    ...(isGeneral(norm) ? { quantized_lp: size } : {}),
    quantized_rho: ratio(size, measures[measuresOf(norm)[1]]),
    quantized_adversarial: quantized?.adversarial ?? null,
    survives_8bit: fooled ? quantized !== null : null,
  };
}

/** Whether a norm has fields of its own: p is neither 2 nor ∞. */
export const isGeneral = (norm: number): boolean => norm !== 2 && norm !== Infinity;

/** The measures whose ratio is ρ. */
function measuresOf(norm: number): readonly [MeasureName, MeasureName] {
  if (isGeneral(norm)) return ['lp', 'x_lp'];
  return norm === 2 ? ['l2', 'x_l2'] : ['linf', 'x_linf'];
}

/** The record of an image that never reached the model: `failed`, with the reason. */
export function unreadableRecord(
  image: Pick<AttackImage, 'index' | 'source' | 'label'>,
  reason: string,
  options: ResolvedOptions,
): AttackRecord {
  const { norm, mean } = options;
  return {
    index: image.index,
    source: image.source,
    label: image.label,
    predicted: null,
    adversarial: null,
    status: 'failed',
    steps: 0,
    products: 0,
    l2: null,
    linf: null,
    ...(isGeneral(norm) ? { lp: null } : {}),
    x_l2: null,
    x_linf: null,
    rho: null,
    ...(mean === null ? {} : { rho_input: null }),
    ...(options.refine ? refinedFields(null, options, null) : {}),
    ...(options.quantize ? quantizedFields(null, options, {}, false) : {}),
    min: null,
    max: null,
    error: reason,
  };
}

function ratio(top: number | null, bottom: number | undefined): number | null {
  return top === null || bottom === undefined || bottom === 0 ? null : top / bottom;
}
