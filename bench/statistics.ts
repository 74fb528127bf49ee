// Medians with their spread, and ratios: all the statistics a bench prints.

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Median, extremes and number of samples. Throws RangeError when there are none. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError('no samples to summarise');
  const half = sorted.length / 2;
  const median = (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
  return { median, min, max, count: sorted.length };
}

/** The spread of the same samples in another unit. */
export function scaleSpread({ median, min, max, count }: Spread, factor: number): Spread {
  return { median: median * factor, min: min * factor, max: max * factor, count };
}

/** Three significant digits, and never an exponent: `0.0123`, `4.56`, `78.9`, `1234`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(20, Math.max(0, 2 - digits)));
}

/** `15.7 (15.2 … 16.9)` */
export function formatSpread({ median, min, max }: Spread): string {
  return `${formatNumber(median)} (${formatNumber(min)} … ${formatNumber(max)})`;
}

/** The largest difference between values and what they should be, relative to the largest of the latter. */
export function relativeError(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(values[i]! - expected[i]!);
    if (Number.isNaN(error)) return Infinity;
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}
