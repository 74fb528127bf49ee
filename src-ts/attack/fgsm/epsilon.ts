// The one ε of fast gradient sign for a whole set of images: the smallest that misleads enough of them.

/** The share of images that the paper's ε misleads. */
export const FOOLING_RATE = 0.9;
/** Where doubling starts. */
const SMALLEST = 1e-4;
/** Beyond SMALLEST · 2^24 ≈ 1700 times the range of pixels, larger ones change nothing. */
const DOUBLINGS = 24;
/** Relative width at which bisection ends. */
const PRECISION = 1e-3;

export interface FoundEpsilon {
  readonly epsilon: number;
  /** The share misled at this very ε. */
  readonly rate: number;
  /** Whether that is enough; if not, no ε tried was, and this is the best of them. */
  readonly reached: boolean;
}

/** The share that ε misleads; where that is less than `wanted`, some number ≥ it that is less too. */
export type RateAt = (epsilon: number, wanted: number) => Promise<number>;

/**
 * Doubles from 1e-4 until `rateAt(ε)` ≥ 0.9, then bisects that first crossing to 0.1 % relative. The rate
 * may fall again beyond it, or never get there: then the ε with the largest rate is returned.
 */
export async function findEpsilon(rateAt: RateAt): Promise<FoundEpsilon> {
  const tried = Array.from({ length: DOUBLINGS + 1 }, (_, k) => SMALLEST * 2 ** k);
  for (const [k, epsilon] of tried.entries()) {
    const rate = await rateAt(epsilon, FOOLING_RATE);
    if (rate >= FOOLING_RATE) return bisect(rateAt, tried[k - 1] ?? 0, { epsilon, rate });
  }
  return bestOf(rateAt, tried);
}

async function bisect(
  rateAt: RateAt,
  from: number,
  first: Omit<FoundEpsilon, 'reached'>,
): Promise<FoundEpsilon> {
  let low = from;
  let found = first;
  while (found.epsilon - low > PRECISION * found.epsilon) {
    const epsilon = (low + found.epsilon) / 2;
    const rate = await rateAt(epsilon, FOOLING_RATE);
    if (rate >= FOOLING_RATE) found = { epsilon, rate };
    else low = epsilon;
  }
  return { ...found, reached: true };
}

/** The first ε with the largest rate. */
async function bestOf(rateAt: RateAt, tried: readonly number[]): Promise<FoundEpsilon> {
  let best: FoundEpsilon = { epsilon: 0, rate: -1, reached: false };
  for (const epsilon of tried) {
    const rate = await rateAt(epsilon, best.rate);
    if (rate > best.rate) best = { epsilon, rate, reached: false };
  }
  return best;
}
