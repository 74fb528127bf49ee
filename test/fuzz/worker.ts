// A process that tries one case after another; what kills it or keeps it busy is seen by its parent.
import { readFileSync } from 'node:fs';
import { EngineError } from '../../src-ts/core/errors.ts';
import { tensor } from '../../src-ts/core/tensor.ts';
import { findSeeds } from './corpus.ts';
import { exercise, makeCase, type FuzzCase } from './fuzz-case.ts';
import { holdTensors, type HeldCase } from './held-case.ts';

export interface Order {
  readonly seed: number;
  readonly index: number;
  /** A saved case to run instead. */
  readonly file?: string;
}

export interface Verdict {
  readonly index: number;
  /** null: imported, or refused with a typed error. */
  readonly error: string | null;
  readonly imported: boolean;
  /** The most memory this process has held so far, in MiB. */
  readonly peak: number;
}

const seeds = findSeeds();

function judge(run: () => void): Pick<Verdict, 'error' | 'imported'> {
  try {
    run();
    return { error: null, imported: true };
  } catch (thrown) {
    const errors: readonly unknown[] =
      thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [thrown];
    const untyped = errors.find((error) => !(error instanceof EngineError));
    const error = untyped === undefined ? null : describe(untyped);
    return { error, imported: errors.length === 1 && error === null };
  }
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const frames = (thrown.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return [`${thrown.name}: ${thrown.message.slice(0, 300)}`, ...frames.slice(0, 6)].join('\n');
}

function readHeld(file: string): FuzzCase {
  const held = JSON.parse(readFileSync(file, 'utf8')) as HeldCase;
  const parameters = held.parameters.map(({ position, dtype, shape, data }) => {
    const numbers = data.map(Number);
    const value = dtype === 'int64' ? Float64Array.from(numbers) : Float32Array.from(numbers);
    return { position, value: tensor(dtype, shape, holdTensors(dtype, value)) };
  });
  return { bytes: Buffer.from(held.bytes, 'base64'), folder: held.folder, parameters };
}

process.on('message', ({ seed, index, file }: Order) => {
  const verdict = judge(() => {
    exercise(file === undefined ? makeCase(seeds, seed, index) : readHeld(file));
  });
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send!({ index, peak, ...verdict } satisfies Verdict);
});
