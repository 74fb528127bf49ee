// Adds up records: how many were fooled, and how little it took. ρ is averaged over the fooled images
// only, since the others have no perturbation; how many that leaves out is always told.
import type { ResultRow, RowStatus } from './row.ts';

export interface Totals {
  /** Images attacked or meant to be: fooled + exhausted + stalled + failed. */
  readonly images: number;
  readonly fooled: number;
  readonly exhausted: number;
  readonly stalled: number;
  readonly failed: number;
  /** Images left out because they were not classified as labelled. */
  readonly skipped: number;
  /** fooled / images; null without images. */
  readonly fooling_rate: number | null;
  /** Over the fooled images; null when there are none. */
  readonly rho_mean: number | null;
  readonly rho_median: number | null;
  readonly rho_input_mean: number | null;
  /** Of the refined perturbations; null without refinement. */
  readonly rho_refined_mean: number | null;
  /** Adversarial images that still fool in 8 bits; null when nobody looked. */
  readonly survives_8bit: number | null;
  /** Of the images quantized, and what r̂ was multiplied by; null without quantization. */
  readonly rho_quantized_mean: number | null;
  readonly quantized_scale_mean: number | null;
  readonly quantized_scale_max: number | null;
  /** Files written, and the ρ of what they hold. */
  readonly saved: number;
  readonly rho_saved_mean: number | null;
  /** Images without a ρ, and so not in its mean. */
  readonly rho_left_out: number;
  /** Steps of the fooled images. */
  readonly steps_mean: number | null;
  /** Gradients a step of theirs took; null where there were no steps, or none is told. */
  readonly products_per_step: number | null;
  /** Share of labelled images predicted right, skipped ones included; null without labels. */
  readonly accuracy: number | null;
  /** Adversarial images with a value below 0 or above 1. */
  readonly leaves_unit_range: number;
  /** Why the first of the failed images failed. */
  readonly first_error: string | null;
}

export class Tally {
  readonly #statuses: Record<RowStatus, number> = {
    fooled: 0,
    exhausted: 0,
    stalled: 0,
    failed: 0,
  };
  readonly #rhos: number[] = [];
  readonly #inputRhos: number[] = [];
  readonly #refinedRhos: number[] = [];
  readonly #quantizedRhos: number[] = [];
  readonly #scales: number[] = [];
  readonly #savedRhos: number[] = [];
  #survivors: number | null = null;
  #saved = 0;
  #steps = 0;
  #products: number | null = null;
  #skipped = 0;
  #labelled = 0;
  #correct = 0;
  #outside = 0;
  #firstError: string | null = null;

  add(record: ResultRow): void {
    this.#judge(record);
    this.#statuses[record.status]++;
    const { status, rho, rho_input, refined_rho, min, max, steps, products } = record;
    if (record.survives_8bit !== undefined) this.#survivors ??= 0;
    if (status === 'failed') this.#firstError ??= `${record.source}: ${record.error ?? 'unknown'}`;
    if (status !== 'fooled') return;
    this.#steps += steps;
    if (products !== undefined) this.#products = (this.#products ?? 0) + products;
    collect(this.#rhos, rho);
    collect(this.#inputRhos, rho_input);
    collect(this.#refinedRhos, refined_rho);
    this.#addEightBits(record);
    if ((min ?? 0) < 0 || (max ?? 0) > 1) this.#outside++;
  }

  #addEightBits({ survives_8bit, saved_as, ...record }: ResultRow): void {
    if (survives_8bit === true) this.#survivors! += 1;
    if (typeof saved_as === 'string') this.#saved++;
    collect(this.#quantizedRhos, record.quantized_rho);
    collect(this.#scales, record.quantized_scale);
    collect(this.#savedRhos, record.saved_rho);
  }

  /** Counts an image that --only-correct leaves out. */
  skip(record: ResultRow): void {
    this.#judge(record);
    this.#skipped++;
  }

  totals(): Totals {
    const { fooled, exhausted, stalled, failed } = this.#statuses;
    const images = fooled + exhausted + stalled + failed;
    return {
      images,
      fooled,
      exhausted,
      stalled,
      failed,
      skipped: this.#skipped,
      fooling_rate: images === 0 ? null : fooled / images,
      rho_mean: mean(this.#rhos),
      rho_median: median(this.#rhos),
      rho_input_mean: mean(this.#inputRhos),
      rho_refined_mean: mean(this.#refinedRhos),
      survives_8bit: this.#survivors,
      rho_quantized_mean: mean(this.#quantizedRhos),
      quantized_scale_mean: mean(this.#scales),
      quantized_scale_max: this.#scales.length === 0 ? null : maximum(this.#scales),
      saved: this.#saved,
      rho_saved_mean: mean(this.#savedRhos),
      rho_left_out: images - this.#rhos.length,
      steps_mean: fooled === 0 ? null : this.#steps / fooled,
      products_per_step:
        this.#steps === 0 || this.#products === null ? null : this.#products / this.#steps,
      accuracy: this.#labelled === 0 ? null : this.#correct / this.#labelled,
      leaves_unit_range: this.#outside,
      first_error: this.#firstError,
    };
  }

  #judge({ label, predicted }: ResultRow): void {
    if (label === null || predicted === null) return;
    this.#labelled++;
    if (label === predicted) this.#correct++;
  }
}

function collect(values: number[], value: number | null | undefined): void {
  if (typeof value === 'number' && Number.isFinite(value)) values.push(value);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length;
}

const maximum = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value));

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
