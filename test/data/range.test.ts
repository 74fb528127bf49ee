import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src-ts/core/errors.ts';
import { parseRange, rangeText } from '../../src-ts/data/range.ts';

describe('parseRange', () => {
  test('reads both ends, one end, no end and a single index', () => {
    const run = (start: number, end: number) => ({ start, end, step: 1, count: end - start });
    expect(parseRange('0:100', 200)).toEqual(run(0, 100));
    expect(parseRange('100:', 200)).toEqual(run(100, 200));
    expect(parseRange(':50', 200)).toEqual(run(0, 50));
    expect(parseRange(':', 200)).toEqual(run(0, 200));
    expect(parseRange('7', 200)).toEqual(run(7, 8));
    expect(parseRange('199:200', 200)).toEqual(run(199, 200));
  });

  test('reads a step', () => {
    expect(parseRange('::10', 200)).toEqual({ start: 0, end: 200, step: 10, count: 20 });
    expect(parseRange('5:27:11', 200)).toEqual({ start: 5, end: 27, step: 11, count: 2 });
    expect(parseRange('5:28:11', 200).count).toBe(3);
    expect(() => parseRange('::0', 200)).toThrow('range: expected a step of 1 or more, got "::0"');
    for (const text of ['1:9', '1:9:4']) expect(rangeText(parseRange(text, 10))).toBe(text);
  });

  test('says what it expected of a text that is no range', () => {
    for (const text of ['', 'a:b', '-1:5', '1:2:3:4', '1:2:-1', '1.5', '0-100', '1 2']) {
      expect(() => parseRange(text, 10)).toThrow(OptionError);
      expect(() => parseRange(text, 10)).toThrow(`got "${text}"`);
    }
  });

  test('refuses positions outside the data set', () => {
    const message = (text: string) =>
      `range: expected positions within the 10 images (0:10), got "${text}"`;
    for (const text of ['0:11', '10', '10:', '5:99999999999999999999']) {
      expect(() => parseRange(text, 10)).toThrow(message(text));
    }
  });

  test('refuses a range that holds no image', () => {
    expect(() => parseRange('5:5', 10)).toThrow(
      'range: expected start below end, got "5:5", which holds no image',
    );
    expect(() => parseRange('6:5', 10)).toThrow(OptionError);
  });
});
