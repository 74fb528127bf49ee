// A tuning table: which kernel variants an adapter does a class of work with, where measurement found a
// better one than the lowering's rule. What a program computes depends on it, in the last digits; so
// results name the table they were made with.
import { createHash } from 'node:crypto';

export interface TuningTable {
  readonly name: string;
  /** Variant by class of work. */
  readonly entries: Readonly<Record<string, string>>;
}

/** What is shipped: the rules of the lowerings, which were measured too. */
export const DEFAULT_TABLE: TuningTable = { name: 'default', entries: {} };

/** A table's name and the hash of what it says: `default 4f53cda1`. */
export function nameTable({ name, entries }: TuningTable): string {
  const sorted = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name} ${shortHash(JSON.stringify(sorted))}`;
}

export const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 8);
