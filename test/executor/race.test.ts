// Races among kernel variants: who may win, and what is not measured to the end. Candidates are scripted.
import { expect, it } from 'vitest';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import {
  race as raceEntries,
  type Candidate,
  type Entry,
  type RaceResult,
} from '../../src-ts/executor/webgpu/race.ts';

const RIGHT = [1, -200, 3];

interface Scripted extends Candidate {
  samples: number;
}

/** A candidate whose samples take these seconds, the last one again and again. */
function scripted(variant: string, seconds: readonly number[], values = RIGHT): Scripted {
  const own: Scripted = {
    variant,
    samples: 0,
    results: (): Promise<Tensor[]> => Promise.resolve([floatTensor([values.length], values)]),
    sample: () => Promise.resolve(seconds[Math.min(own.samples++, seconds.length - 1)]!),
  };
  return own;
}

const entries = (rivals: readonly Scripted[]): Entry[] =>
  rivals.map((rival) => ({
    variant: rival.variant,
    enter: () => Promise.resolve(Object.assign(rival, { dispose: () => undefined })),
  }));

const race = (reference: Scripted, rivals: readonly Scripted[]): Promise<RaceResult> =>
  raceEntries(reference, entries(rivals));

it('is won by the fastest, and tells its least gain', async () => {
  const rivals = [scripted('b', [0.9]), scripted('c', [0.7, 0.5, 0.8]), scripted('d', [0.6])];
  const { winner, gain, wrong } = await race(scripted('a', [1]), rivals);
  expect({ winner, wrong }).toEqual({ winner: 'c', wrong: [] });
  expect(gain).toBeCloseTo(1 / 0.8);
});

it.each([
  ['differs', [1, -200, 3.003]],
  ['is not a number', [1, -200, NaN]],
  ['is nothing', [0, 0, 0]],
])('is never won by a candidate whose result %s', async (_how, values) => {
  const liar = scripted('fast', [0.01], values);
  const outcome = await race(scripted('a', [1]), [liar, scripted('b', [0.8])]);
  expect(outcome).toMatchObject({ winner: 'b', wrong: ['fast'] });
  expect(liar.samples).toBe(0);
});

it('allows a candidate to round otherwise', async () => {
  const rounded = scripted('b', [0.5], [1.001, -200, 3]);
  expect((await race(scripted('a', [1]), [rounded])).winner).toBe('b');
});

it('stays with the reference when the gain is within the noise', async () => {
  const outcome = await race(scripted('a', [1]), [scripted('b', [0.98])]);
  expect(outcome).toEqual({ winner: 'a', gain: 1, wrong: [], refused: [] });
});

it('times the reference beside a rival before that wins', async () => {
  const warmed = scripted('a', [1, 1, 1, 0.7]);
  expect((await race(warmed, [scripted('b', [0.7])])).winner).toBe('a');
});

it('takes one sample of what is hopeless', async () => {
  const slow = scripted('b', [1.6]);
  await race(scripted('a', [1]), [slow]);
  expect(slow.samples).toBe(1);
});

it('goes on without a candidate that the device refuses', async () => {
  const refused = { variant: 'huge', enter: () => Promise.resolve(null) };
  const rivals = [refused, ...entries([scripted('b', [0.5])])];
  const outcome = await raceEntries(scripted('a', [1]), rivals);
  expect(outcome).toMatchObject({ winner: 'b', wrong: [], refused: ['huge'] });
});

it('lets go of every rival, whatever it computes', async () => {
  const gone: string[] = [];
  const rivals = [scripted('b', [2]), scripted('c', [0.1], [1, 2, 3])].map((rival) => ({
    variant: rival.variant,
    enter: () => Promise.resolve({ ...rival, dispose: () => void gone.push(rival.variant) }),
  }));
  await raceEntries(scripted('a', [1]), rivals);
  expect(gone).toEqual(['b', 'c']);
});
