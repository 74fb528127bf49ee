// The search for the one ε of fast gradient sign, on rates that are known.
import { expect, it } from 'vitest';
import { findEpsilon } from '../../src-ts/attack/fgsm/epsilon.ts';

/** Rates by ε, and how often they were asked for. */
function asked(rate: (epsilon: number) => number): {
  rateAt: (epsilon: number) => Promise<number>;
  tried: number[];
} {
  const tried: number[] = [];
  const rateAt = (epsilon: number): Promise<number> => {
    tried.push(epsilon);
    return Promise.resolve(rate(epsilon));
  };
  return { rateAt, tried };
}

it.each([1e-5, 0.0731, 3])('the smallest ε for 90 %% is found to 0.1 %%: %f', async (threshold) => {
  const { rateAt, tried } = asked((epsilon) => (epsilon < threshold ? 0.2 : 0.95));
  const { epsilon, rate, reached } = await findEpsilon(rateAt);
  expect(epsilon).toBeGreaterThanOrEqual(threshold);
  expect(epsilon).toBeLessThanOrEqual(threshold * 1.0011);
  expect({ rate, reached }).toEqual({ rate: 0.95, reached: true });
  expect(tried[0]).toBe(1e-4);
});

it('the first crossing that doubling meets is bisected, where the rate falls again beyond it', async () => {
  const { rateAt } = asked((epsilon) => (epsilon > 0.011 && epsilon < 0.02 ? 0.9 : 0.5));
  const { epsilon } = await findEpsilon(rateAt);
  expect(epsilon / 0.011).toBeCloseTo(1, 2);
});

it('where no ε misleads 90 %, the smallest of the best that were tried is told', async () => {
  const { rateAt } = asked((epsilon) => Math.min(0.6, epsilon));
  const { epsilon, rate, reached } = await findEpsilon(rateAt);
  expect({ rate, reached }).toEqual({ rate: 0.6, reached: false });
  expect(epsilon).toBe(1e-4 * 2 ** 13);
});
