// How many images a device takes at a time for a graph whose every symbol counts images.
import { asksForLess } from '../core/errors.ts';
import type { Executor, Program } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';

export const DEFAULT_BATCH = 64;
/** Bytes of device memory to stay within, since WebGPU does not tell what a device has. */
export const MEMORY_BUDGET = 1.5 * 2 ** 30;

export interface BatchedGraph {
  readonly graph: Graph;
  readonly symbols: readonly string[];
  /** Inputs that each run replaces, by the output they take. */
  readonly state?: Readonly<Record<string, string>>;
}

/** Such a graph on a device. */
export interface Fitting {
  readonly program: Program;
  readonly fits: number;
  /** Of what was tried before; null when the first could be had. */
  readonly refusal: Error | null;
}

/**
 * Compiles for `batch` images, or for the most, by halves, that the device's buffers hold. Without a
 * batch asked for, storage also stays within MEMORY_BUDGET.
 * Throws DeviceLimitError or OutOfMemoryError when not even one image fits.
 */
export async function compileFitting(
  executor: Executor,
  { graph, symbols, state = {} }: BatchedGraph,
  batch: number | undefined,
): Promise<Fitting> {
  let refusal: Error | null = null;
  for (const fits of halvesOf(batch ?? DEFAULT_BATCH)) {
    const capacity = Object.fromEntries(symbols.map((symbol) => [symbol, fits]));
    const options = { capacity, state };
    const { total, largestBuffer, bufferLimit } = executor.memory(graph, options);
    if (fits > 1 && largestBuffer > bufferLimit) continue;
    if (fits > 1 && batch === undefined && total > MEMORY_BUDGET) continue;
    try {
      return { program: await executor.compile(graph, options), fits, refusal };
    } catch (error) {
      if (!asksForLess(error)) throw error;
      refusal = error;
    }
  }
  throw refusal!;
}

/** `from`, its half, the half of that, …, `to`. */
export function* halvesOf(from: number, to = 1): Generator<number> {
  for (let each = from; each > to; each = Math.ceil(each / 2)) yield each;
  yield to;
}
