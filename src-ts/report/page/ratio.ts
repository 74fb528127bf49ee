// Our numbers over the paper's: 1 is the middle of a logarithmic scale.
import { formatNumber } from '../numbers.ts';
import type {
  ExperimentResult,
  ResultCell,
  ResultColumn,
  ResultTable,
} from '../experiment-result.ts';

type Row = ResultTable['rows'][number];

/** Ours / paper's; null where one of them is missing, or is 0. */
export function ratioOf(row: Row, { key, paper }: ResultColumn): number | null {
  const ours = row[key];
  const theirs = paper === undefined ? null : row[paper];
  if (typeof ours !== 'number' || typeof theirs !== 'number' || theirs === 0) return null;
  return ours / theirs;
}

/** Three digits, zeros at the end included, so that a column of ratios is easy to compare. */
export function formatRatio(ratio: number): string {
  return ratio >= 0.01 && ratio < 1000 ? ratio.toPrecision(3) : formatNumber(ratio, 3);
}

/** The place of a ratio in percent of a scale from 1 / bound to bound; what lies beyond is at its end. */
export function placeOf(ratio: number, bound: number): number {
  const place = ratio > 0 ? Math.log(ratio) / Math.log(bound) : -1;
  return Math.round(500 + 500 * Math.max(-1, Math.min(1, place))) / 10;
}

/** The ratios of one column of a table. */
export interface Comparison {
  readonly table: string;
  readonly column: string;
  readonly points: readonly { readonly label: string; readonly ratio: number }[];
}

/** Every column of an experiment that has the paper's numbers beside it. */
export function comparisonsOf({ tables }: ExperimentResult): Comparison[] {
  return tables.flatMap((table) => {
    const compared = table.columns.filter(({ paper }) => paper !== undefined);
    return compared.map((column) => ({
      table: table.title,
      column: column.title,
      points: table.rows.flatMap((row) => {
        const ratio = ratioOf(row, column);
        return ratio === null ? [] : [{ label: labelOf(table, row), ratio }];
      }),
    }));
  });
}

/** A row by its words: `LeNet (MNIST), deepfool`. */
function labelOf({ columns }: ResultTable, row: Row): string {
  const words = columns.map(({ key }): ResultCell => row[key] ?? null);
  return words.filter((word) => typeof word === 'string' && word !== '').join(', ');
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}
