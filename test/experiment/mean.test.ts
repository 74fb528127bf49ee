import { expect, it } from 'vitest';
import { meanOf } from '../../src-ts/experiment/mean.ts';

it('leaves out what is not known, and tells how sure the mean is', () => {
  expect(meanOf([1, null, 2, 3])).toEqual({ value: 2, error: Math.sqrt(1 / 3) });
  expect(meanOf([5])).toEqual({ value: 5, error: null });
  expect(meanOf([null])).toBeNull();
  expect(meanOf([])).toBeNull();
});
