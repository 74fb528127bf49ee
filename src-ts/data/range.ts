// The `a:b` notation for a run of images. Half-open, as in Python and JavaScript slices, but without
// negative positions and without clipping: a range that leaves the data set is a mistake worth hearing.

import { OptionError } from '../core/errors.ts';

/** Images `start`, `start + 1`, …, `end − 1`. */
export interface IndexRange {
  readonly start: number;
  readonly end: number;
}

const RANGE = /^(?:(\d+)|(\d*):(\d*))$/;

/**
 * Reads `0:100`, `100:`, `:50`, `:` or `7` against a data set of `length` images; errors call it `name`.
 * @throws OptionError when the text is not a range, holds no image, or ends beyond the data set.
 */
export function parseRange(text: string, length: number, name = 'range'): IndexRange {
  const match = RANGE.exec(text.trim());
  if (match === null) {
    throw new OptionError(`${name}: expected start:end, start:, :end or one index, got "${text}"`);
  }
  const [, single, first = '', last = ''] = match;
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
  return { start, end };
}
