// Learning rates by epoch.
export type ScheduleSettings =
  | { readonly kind: 'constant' }
  /** Multiplied by `factor` after each of the epochs named, counted from 1. */
  | { readonly kind: 'step'; readonly after: readonly number[]; readonly factor: number }
  /** Half a cosine, from the full rate in the first epoch to almost 0 in the last. */
  | { readonly kind: 'cosine' };

/** The rate of an epoch, counted from 0, out of `epochs`. */
export function rateOf(
  schedule: ScheduleSettings,
  rate: number,
  epoch: number,
  epochs: number,
): number {
  switch (schedule.kind) {
    case 'constant':
      return rate;
    case 'step':
      return rate * schedule.factor ** schedule.after.filter((each) => epoch >= each).length;
    case 'cosine':
      return (rate * (1 + Math.cos((Math.PI * epoch) / epochs))) / 2;
  }
}
