// Random words against Threefry's own known answers, and orders made from them.
import { describe, expect, it } from 'vitest';
import { permutation, randomWord, uniformAt } from '../../src-ts/core/random.ts';

describe('randomWord', () => {
  it('is the first word of Threefry-2x32 with 20 rounds', () => {
    expect(randomWord([0, 0], 0)).toBe(0x6b200159); // known answer of the authors' Random123
    // From an implementation that gives all three known answers of Random123.
    expect(randomWord([0x13198a2e, 0x03707344], 5)).toBe(0x30ed6bb7);
    expect(randomWord([-1, -1], 0xffffffff)).toBe(0x0ab4b54a);
    expect(randomWord([1, 2], 4 * 2 ** 32 + 3)).toBe(0x5df433ec);
  });

  it('is uniform in its halves', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => uniformAt([7, 1], i));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
  });
});

describe('permutation', () => {
  it('holds every number once, in an order of its key', () => {
    const order = permutation(1000, [1, 2]);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect([...order]).not.toEqual([...Array(1000).keys()]);
    expect([...permutation(1000, [1, 2])]).toEqual([...order]);
    expect([...permutation(1000, [1, 3])]).not.toEqual([...order]);
  });

  it('puts every number first about equally often', () => {
    const firsts = new Array<number>(5).fill(0);
    for (let key = 0; key < 5000; key++) firsts[permutation(5, [key, 0])[0]!]!++;
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(120); // four deviations
  });
});
