// Who does the same work fastest, among candidates that do do the same.
import type { Tensor, TensorData } from '../../core/tensor.ts';

/** One way to do a piece of work. */
export interface Candidate {
  readonly variant: string;
  /** What it computes; the first call also compiles what is compiled at first use. */
  readonly results: () => Promise<readonly Tensor[]>;
  /** Seconds of one sample. */
  readonly sample: () => Promise<number>;
}

export interface RaceResult {
  readonly winner: string;
  /** Seconds of the reference over those of the winner: the least that any pair of samples showed. */
  readonly gain: number;
  /** Candidates whose results were not those of the reference. */
  readonly wrong: readonly string[];
  /** Candidates that the device refused. */
  readonly refused: readonly string[];
}

/** A candidate that is not there yet: the device may refuse it. */
export interface Entry {
  readonly variant: string;
  /** Null when it is refused. */
  readonly enter: () => Promise<(Candidate & { readonly dispose: () => void }) | null>;
}

const SAMPLES = 3;
const HOPELESS = 1.5; // times the best: after such a sample no further one is taken
const WORTHWHILE = 1.03; // a gain below this is noise
const TOLERANCE = 1e-5; // of the largest value

/** Times the candidates that agree with the reference, which wins unless one is clearly faster. */
export async function race(reference: Candidate, rivals: Iterable<Entry>): Promise<RaceResult> {
  const expected = await reference.results();
  const seconds = await fastestSample(reference, Infinity);
  let best: Best = { winner: reference.variant, gain: 1, seconds };
  const wrong: string[] = [];
  const refused: string[] = [];
  for (const { variant, enter } of rivals) {
    const rival = await enter();
    if (rival === null) {
      refused.push(variant);
      continue;
    }
    try {
      if (agree(expected, await rival.results())) best = await better(best, reference, rival);
      else wrong.push(variant);
    } finally {
      rival.dispose();
    }
  }
  const { winner, gain } = best;
  return { winner, gain, wrong, refused };
}

interface Best {
  readonly winner: string;
  readonly gain: number;
  readonly seconds: number;
}

async function better(best: Best, reference: Candidate, rival: Candidate): Promise<Best> {
  const seconds = await fastestSample(rival, HOPELESS * best.seconds);
  if (seconds >= best.seconds) return best;
  const gain = await leastGain(reference, rival);
  return gain >= WORTHWHILE ? { winner: rival.variant, gain, seconds } : best;
}

/** The two in turns: on a machine with other work, only samples side by side can be compared. */
async function leastGain(reference: Candidate, rival: Candidate): Promise<number> {
  let least = Infinity;
  for (let k = 0; k < SAMPLES; k++) {
    const own = await reference.sample();
    least = Math.min(least, own / (await rival.sample()));
    if (least < WORTHWHILE) break;
  }
  return least;
}

async function fastestSample(candidate: Candidate, hopeless: number): Promise<number> {
  let fastest = Infinity;
  for (let k = 0; k < SAMPLES; k++) {
    fastest = Math.min(fastest, await candidate.sample());
    if (fastest > hopeless) break;
  }
  return fastest;
}

function agree(expected: readonly Tensor[], came: readonly Tensor[]): boolean {
  return expected.every((each, at) => {
    const { data } = came[at]!;
    const bound = TOLERANCE * largestOf(each.data);
    // Written so that a NaN is no agreement.
    for (const [i, value] of each.data.entries()) {
      if (!(Math.abs(value - data[i]!) <= bound)) return false;
    }
    return true;
  });
}

function largestOf(values: TensorData): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
