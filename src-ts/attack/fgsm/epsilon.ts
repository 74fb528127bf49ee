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

/**
 * Doubles from 1e-4 until `rateAt(ε)` ≥ 0.9, then bisects that first crossing to 0.1 % relative. The rate
 * may fall again beyond it, or never get there: then the ε with the largest rate is returned.
 */
export async function findEpsilon(
  rateAt: (epsilon: number) => Promise<number>,
): Promise<FoundEpsilon> {
  let low = 0;
  let best: FoundEpsilon = { epsilon: 0, rate: -1, reached: false };
  for (let k = 0, high = SMALLEST; k <= DOUBLINGS; k++, high *= 2) {
    const rate = await rateAt(high);
    if (rate >= FOOLING_RATE) return bisect(rateAt, low, { epsilon: high, rate, reached: true });
    if (rate > best.rate) best = { epsilon: high, rate, reached: false };
    low = high;
  }
  return best;
}

async function bisect(
  rateAt: (epsilon: number) => Promise<number>,
  from: number,
  first: FoundEpsilon,
): Promise<FoundEpsilon> {
  let low = from;
  let found = first;
  while (found.epsilon - low > PRECISION * found.epsilon) {
    const epsilon = (low + found.epsilon) / 2;
    const rate = await rateAt(epsilon);
    if (rate >= FOOLING_RATE) found = { epsilon, rate, reached: true };
    else low = epsilon;
  }
  return found;
}
