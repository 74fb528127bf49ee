// The `a:b:step` notation for some images of many. Half-open, as in Python's slices, but without
// negative numbers and without clipping: a range that leaves the data set is a mistake worth hearing.

import { OptionError } from '../core/errors.ts';

/** Images `start`, `start + step`, … below `end`. */
export interface IndexRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** How many those are. */
  readonly count: number;
}

const RANGE = /^(?:(\d+)|(\d*):(\d*)(?::(\d+))?)$/;

/**
 * Reads `0:100`, `100:`, `:50`, `:`, `::10` or `7` against a data set of `length` images; errors call it `name`.
 * @throws OptionError when the text is not a range, holds no image, or ends beyond the data set.
 */
export function parseRange(text: string, length: number, name = 'range'): IndexRange {
  const match = RANGE.exec(text.trim());
  if (match === null) {
    throw new OptionError(
      `${name}: expected start:end, start:, :end, start:end:step or one index, got "${text}"`,
    );
  }
  const [, single, first = '', last = '', stride = '1'] = match;
  const start = Number(single ?? (first || 0));
  const end = single === undefined ? Number(last || length) : start + 1;
  if (end > length || start >= length) {
    throw new OptionError(
      `${name}: expected positions within the ${length} images (0:${length}), got "${text}"`,
    );
  }
  if (start >= end) {
    throw new OptionError(`${name}: expected start below end, got "${text}", which holds no image`);
  }
  const step = Number(stride);
  if (step < 1) throw new OptionError(`${name}: expected a step of 1 or more, got "${text}"`);
  return { start, end, step, count: Math.ceil((end - start) / step) };
}

/** `0:100`, or `0:100:10`. */
export function rangeText({ start, end, step }: IndexRange): string {
  return step === 1 ? `${start}:${end}` : `${start}:${end}:${step}`;
}
