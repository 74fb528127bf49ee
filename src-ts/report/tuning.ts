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
    /** Variants that the device refused. */
    readonly refused: readonly string[];
  }[];
  /** Classes that there was no time for. */
  readonly left: readonly string[];
  /** The time that was given. */
  readonly minutes: number;
  /** The file the winners are in. */
  readonly path: string;
  /** Name and hash of that table. */
  readonly tuning: string;
}

export function formatTuning(step: TunedStep): string {
  const { device, batch, classes, path, tuning } = step;
  const rows = classes.map(({ class: name, nodes, rule, winner, gain, ...others }) => [
    `  ${name}`,
    String(nodes),
    rule,
    winner === rule ? '–' : winner,
    formatNumber(gain, 3),
    formatOthers(others),
  ]);
  const title = `Variants for a step of ${count(batch, 'image')} on ${device}`;
  const heads = ['  class of work', 'nodes', 'by rule', 'faster', 'gain', ''];
  const saved = `  saved as "${tuning}" in ${path}\n`;
  return `${title}\n\n${formatTable([heads, ...rows])}\n\n${formatLeft(step)}${saved}`;
}

type Others = Pick<TunedStep['classes'][number], 'wrong' | 'refused'>;

const formatOthers = (others: Others): string =>
  Object.entries(others)
    .filter(([, variants]) => variants.length > 0)
    .map(([what, variants]) => `${what}: ${variants.join(', ')}`)
    .join('; ');

function formatLeft({ left, minutes }: TunedStep): string {
  if (left.length === 0) return '';
  const classes = count(left.length, 'class', 'classes');
  return `  not raced in ${count(minutes, 'minute')}: ${classes}, ${left.join('; ')}\n`;
}
