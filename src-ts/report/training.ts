// What training came to, for people.
import { formatNumber, formatPercent } from './numbers.ts';

interface Score {
  readonly loss: number;
  readonly error: number;
}

interface EpochRow {
  readonly epoch: number;
  readonly rate: number;
  readonly training: Score;
  readonly test: Score | null;
}

/** What is told of a run; the summary of the library has all of it. */
export interface TrainingFacts {
  readonly model: string;
  readonly data: string;
  readonly before: Score | null;
  readonly history: readonly EpochRow[];
  readonly epochs: number;
  readonly out: string;
  readonly checkpoint: string;
  readonly interrupted: boolean;
}

/** A line an epoch, then where the network is. */
export function formatTraining(facts: TrainingFacts): string {
  const { model, data, before, history, epochs, out, checkpoint, interrupted } = facts;
  const head = ['epoch', 'rate', 'loss', 'error', 'test loss', 'test error'];
  const start = before === null ? [] : [['0', '', '', '', ...scoreCells(before)]];
  const rows = history.map(({ epoch, rate, training, test }) => [
    ...[String(epoch), formatNumber(rate, 3), ...scoreCells(training)],
    ...(test === null ? [] : scoreCells(test)),
  ]);
  const table = [head, ...start, ...rows].map((row) =>
    row
      .map((cell) => cell.padStart(10))
      .join(' ')
      .trimEnd(),
  );
  const end = interrupted
    ? `stopped in epoch ${history.length + 1} of ${epochs}; --resume goes on from ${checkpoint}`
    : `network in ${out}`;
  return `${model} on ${data}\n\n${table.join('\n')}\n\n${end}\n`;
}

/** `loss 0.0312, error 0.98 %` */
export function formatScore({ loss, error }: Score): string {
  return `loss ${loss.toPrecision(3)}, error ${formatPercent(error)}`;
}

const scoreCells = ({ loss, error }: Score): string[] => [
  loss.toPrecision(4),
  formatPercent(error),
];
