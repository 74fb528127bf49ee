import { describe, expect, test } from 'vitest';
import {
  formatNumber,
  formatSpread,
  relativeError,
  scaleSpread,
  spreadOf,
} from '../../bench/statistics.ts';

describe('spreadOf', () => {
  test('takes the middle sample, or the mean of the two in the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, count: 3 });
    expect(spreadOf([4, 1, 10, 2])).toEqual({ median: 3, min: 1, max: 10, count: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7, count: 1 });
  });

  test('leaves the samples in their order', () => {
    const samples = [2, 1];
    spreadOf(samples);
    expect(samples).toEqual([2, 1]);
  });

  test('refuses to summarise nothing', () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });
});

test('scaleSpread changes the unit, not the count', () => {
  expect(scaleSpread({ median: 2, min: 1, max: 3, count: 5 }, 1000)).toEqual({
    median: 2000,
    min: 1000,
    max: 3000,
    count: 5,
  });
});

describe('formatting', () => {
  test.each([
    [0, '0.00'],
    [0.01234, '0.0123'],
    [4.567, '4.57'],
    [78.91, '78.9'],
    [1234.5, '1235'],
    [NaN, '–'],
    [Infinity, '–'],
  ])('formatNumber(%d)', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('formatSpread names the median first', () => {
    expect(formatSpread({ median: 2, min: 1, max: 30, count: 3 })).toBe('2.00 (1.00 … 30.0)');
  });
});

describe('relativeError', () => {
  test('is the worst difference over the largest expected value', () => {
    expect(relativeError([1, -4.5], [1.25, -4])).toBe(0.125);
  });

  test('lets no NaN pass', () => {
    expect(relativeError([NaN, 1], [1, 1])).toBe(Infinity);
  });
});
