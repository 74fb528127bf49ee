// Damaged models are read or refused with a typed error, in bounded time and memory. The cases are those
// of one seed; `npm run fuzz -- --minutes N` looks for new ones.
import { expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';

const CASES = 10_000;

it(`${CASES} damaged models are read or refused, never worse`, { timeout: 900_000 }, async () => {
  const result = await fuzz({ seed: 1, cases: CASES, workers: 2 });
  expect(result.findings.slice(0, 10)).toEqual([]);
  expect(result.cases).toBe(CASES);
  // Damage that no file survives would test little.
  expect(result.imported).toBeGreaterThan(CASES / 20);
});
