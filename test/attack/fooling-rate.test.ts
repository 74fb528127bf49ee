// The share of images that an ε misleads, on images whose thresholds are known.
import { expect, it } from 'vitest';
import { findEpsilon } from '../../src-ts/attack/fgsm/epsilon.ts';
import { FoolingRate } from '../../src-ts/attack/fgsm/fooling-rate.ts';

const THRESHOLDS = Array.from({ length: 1000 }, (_, k) => 0.001 * (((k * 617) % 1000) + 1));

/** Images that are misled from their threshold on, and how many were tried. */
function counted(thresholds: readonly number[]): { rate: FoolingRate<number>; tried: number[] } {
  const tried: number[] = [];
  const rate = new FoolingRate(thresholds, 64, (group, epsilon) => {
    tried.push(group.length);
    return Promise.resolve(group.map((threshold) => epsilon >= threshold));
  });
  return { rate, tried };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

it('is exact where it is enough, and less than enough where it is not', async () => {
  const { rate, tried } = counted(THRESHOLDS);
  expect(await rate.at(0.9505, 0.9)).toBe(0.95);
  expect(sum(tried)).toBe(1000);
  const less = await rate.at(0.3005, 0.9);
  expect(less).toBeLessThan(0.9);
  expect(less).toBeGreaterThanOrEqual(0.3);
  expect(sum(tried)).toBeLessThan(1000 + 400);
  expect(await rate.at(0.3005, 0)).toBe(0.3);
  expect(await new FoolingRate([], 64, () => Promise.resolve([])).at(1, 0.9)).toBe(0);
});

it('spares the search for ε most of the images, and finds the same', async () => {
  const { rate, tried } = counted(THRESHOLDS);
  const found = await findEpsilon((epsilon, wanted) => rate.at(epsilon, wanted));
  const whole: number[] = [];
  const slow = await findEpsilon((epsilon) => {
    whole.push(THRESHOLDS.length);
    return Promise.resolve(THRESHOLDS.filter((each) => epsilon >= each).length / 1000);
  });
  expect(found).toEqual(slow);
  expect(found.epsilon).toBeCloseTo(0.9, 2);
  expect(sum(tried)).toBeLessThan(0.6 * sum(whole));
});
