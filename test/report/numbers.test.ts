import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatNumber, formatPercent, shortest } from '../../src-ts/report/numbers.ts';

it('writes float32 numbers so that they read back the same', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(JSON.stringify(shortest(value))))).toBe(value === 0 ? 0 : value);
    }),
  );
});

it('writes them as short as that allows', () => {
  expect(shortest(Math.fround(0.1))).toBe(0.1);
  expect(shortest(Math.fround(1.2749844))).toBe(1.2749844);
  expect(shortest(784)).toBe(784);
  expect(shortest(NaN)).toBeNull();
  expect(shortest(Infinity)).toBeNull();
});

it('writes four digits for people', () => {
  expect(formatNumber(0.129134)).toBe('0.1291');
  expect(formatNumber(0.00001234)).toBe('1.234e-5');
  expect(formatNumber(null)).toBe('–');
  expect(formatPercent(0.9753)).toBe('97.5 %');
});
