// How many images a device attacks at a time: what was asked for, or the most, by halves, that its
// buffers hold.
import { DeviceLimitError } from '../core/errors.ts';
import type { CompileOptions, Executor, Planner, Program } from '../executor/executor.ts';
import { SYMBOLS, type StepGraph } from './step.ts';

const DEFAULT_BATCH = 64;
/** Bytes of device memory that a batch of the default size may take. */
const MEMORY_BUDGET = 1.5 * 2 ** 30;

/** A number of images, and how to compile a step for it. */
export interface StepBatch {
  readonly fits: number;
  readonly options: CompileOptions;
}

/**
 * The batches whose plan fits the device, the largest first, by halves down to one image. Without a
 * batch asked for, storage also stays within MEMORY_BUDGET, since WebGPU does not tell what a device has.
 * Throws DeviceLimitError when one image does not fit.
 */
export function* fittingBatches(
  planner: Planner,
  { graph, state, single }: StepGraph,
  batch: number | undefined,
): Generator<StepBatch> {
  for (let fits = single ? 1 : (batch ?? DEFAULT_BATCH); ; fits = Math.ceil(fits / 2)) {
    const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, fits]));
    const options = { capacity, state };
    const { total, largestBuffer, bufferLimit } = planner.memory(graph, options);
    const within = batch !== undefined || total <= MEMORY_BUDGET;
    if (largestBuffer <= bufferLimit && (within || fits === 1)) yield { fits, options };
    else if (fits === 1) throw oneImageTooLarge(largestBuffer, bufferLimit);
    if (fits === 1) return;
  }
}

const oneImageTooLarge = (largestBuffer: number, bufferLimit: number): DeviceLimitError =>
  new DeviceLimitError(
    'one image with all its candidates, in bytes of one buffer',
    largestBuffer,
    bufferLimit,
    'Use fewer --candidates.',
  );

/** Compiles for the first of those batches whose storage the device can give. */
export async function compileLargest(
  executor: Executor,
  step: StepGraph,
  batch: number | undefined,
): Promise<{ program: Program; fits: number }> {
  let refused: unknown;
  for (const { fits, options } of fittingBatches(executor, step, batch)) {
    try {
      return { program: await executor.compile(step.graph, options), fits };
    } catch (error) {
      if (!(error instanceof DeviceLimitError)) throw error;
      refused = error;
    }
  }
  throw refused;
}
