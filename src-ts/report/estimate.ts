// How fast an attack would be on some machine: as `deepfool info --estimate --json` prints it, and the
// same for people.
import { formatNumber } from './numbers.ts';

export interface Estimate {
  readonly machine: string;
  /** Images attacked at a time. */
  readonly batch: number;
  readonly dispatches: number;
  readonly milliseconds_per_step: number;
  readonly images_per_second: number;
  readonly seconds_for_50000_images: number;
  /** What the numbers rest on, in sentences. */
  readonly assumptions: readonly string[];
}

export function formatEstimate(estimate: Estimate): string {
  const { machine, batch, dispatches, assumptions } = estimate;
  const facts = [
    ['speed', `${formatNumber(estimate.images_per_second, 3)} images/s`],
    ['50,000', formatDuration(estimate.seconds_for_50000_images)],
    ['a step', `${formatNumber(estimate.milliseconds_per_step, 3)} ms, ${dispatches} dispatches`],
    ...assumptions.map((text, at) => [at === 0 ? 'assumed' : '', text]),
  ];
  const lines = facts.map(([name, text]) => `  ${name!.padEnd(9)}   ${text!}`);
  return `Estimate for ${machine}, batch ${batch}\n\n${lines.join('\n')}\n`;
}

function formatDuration(seconds: number): string {
  if (seconds < 120) return `${formatNumber(seconds, 3)} s`;
  if (seconds < 7200) return `${formatNumber(seconds / 60, 3)} min`;
  return `${formatNumber(seconds / 3600, 3)} h`;
}
