// Names of splits. MNIST says t10k, others testing or validation; whoever asks for `test` or `val`
// means the same thing, so every spelling is reduced to `train`, `test` or `val`.

import { OptionError } from '../core/errors.ts';

const SPELLINGS: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  t10k: 'test',
  val: 'val',
  valid: 'val',
  validation: 'val',
};

// An attack is measured on images the model has not seen.
const DEFAULT_ORDER = ['test', 'val', 'train'];

/** `train`, `test` or `val` when the name is a spelling of one, else null. */
export function parseSplitName(name: string): string | null {
  const key = name.toLowerCase();
  return Object.hasOwn(SPELLINGS, key) ? (SPELLINGS[key] ?? null) : null;
}

/**
 * The split that was asked for; without a wish the first of test, val, train that is there.
 * @throws OptionError that lists the splits that are there.
 */
export function pickSplit<T>(
  available: ReadonlyMap<string, T>,
  asked: string | undefined,
  path: string,
): { readonly name: string; readonly value: T } {
  const wanted = asked === undefined ? DEFAULT_ORDER : [parseSplitName(asked) ?? asked];
  for (const name of wanted) {
    const value = available.get(name);
    if (value !== undefined) return { name, value };
  }
  const there = [...available.keys()].sort().join(', ');
  throw new OptionError(`${path}: expected a split that is there (${there}), got "${asked}"`);
}

/** Throws OptionError when a split is asked of a data set that has none. */
export function refuseSplit(asked: string | undefined, path: string, format: string): void {
  if (asked === undefined) return;
  throw new OptionError(
    `${path}: expected no split, since this is one data set (${format}), got "${asked}"`,
  );
}
