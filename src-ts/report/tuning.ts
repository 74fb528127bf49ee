// What tuning found: as `deepfool tune --json` prints it, and the same for people.
import { count, formatNumber } from './numbers.ts';
import { formatTable } from './table.ts';

export interface TunedStep {
  readonly device: string;
  /** Images in the step that was raced. */
  readonly batch: number;
  readonly classes: readonly {
    /** Operation, and the binary logarithms of rows, columns and terms. */
    readonly class: string;
    /** Convolutions and products of the step that are of this class. */
    readonly nodes: number;
    readonly rule: string;
    readonly winner: string;
    /** How many times as fast as the rule's variant. */
    readonly gain: number;
    /** Variants that computed something else, and so could not win. */
    readonly wrong: readonly string[];
  }[];
  /** The file the winners are in. */
  readonly path: string;
  /** Name and hash of that table. */
  readonly tuning: string;
}

export function formatTuning({ device, batch, classes, path, tuning }: TunedStep): string {
  const rows = classes.map(({ class: name, nodes, rule, winner, gain, wrong }) => [
    `  ${name}`,
    String(nodes),
    rule,
    winner === rule ? '–' : winner,
    formatNumber(gain, 3),
    wrong.length === 0 ? '' : `wrong: ${wrong.join(', ')}`,
  ]);
  const title = `Variants for a step of ${count(batch, 'image')} on ${device}`;
  const heads = ['  class of work', 'nodes', 'by rule', 'faster', 'gain', ''];
  return `${title}\n\n${formatTable([heads, ...rows])}\n\n  saved as "${tuning}" in ${path}\n`;
}
