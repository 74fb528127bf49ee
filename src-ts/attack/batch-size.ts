// How many images a device attacks at a time, and how many of their faces it holds at once.
//
// A step computes all K − 1 normals of an image in one round where they fit. Where they do not, it
// takes more rounds, which costs little; the batch is halved only when even small rounds do not fit.
import { asksForLess, DeviceLimitError } from '../core/errors.ts';
import type { Extents } from '../core/shape.ts';
import type {
  CompileOptions,
  Executor,
  MemoryNeed,
  Planner,
  Program,
} from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import type { ResolvedOptions } from './options.ts';
import { DEFAULT_BATCH, halvesOf, MEMORY_BUDGET } from './capacity.ts';
import { buildStepGraph, type StepGraph } from './step.ts';

/** A round is a copy of the backward pass in the step graph: more than these take long to compile. */
const MOST_ROUNDS = 64;

/** A step for a number of images, and how to compile it. */
export interface FittingStep {
  readonly step: StepGraph;
  readonly fits: number;
  readonly options: CompileOptions;
}

/** Extents of a step's symbols for so many images. */
export function extentsFor(images: number, { extents }: StepGraph): Extents {
  return Object.fromEntries(
    Object.entries(extents).map(([symbol, each]) => [symbol, images * each]),
  );
}

/**
 * The steps of DeepFool on `model` whose plan fits the device: for `batch` images, or by halves down
 * to one, and for each batch with as few rounds as fit, the rounds by halves too. MEMORY_BUDGET makes
 * for more rounds, and for fewer images only where no batch is asked for.
 * Throws DeviceLimitError when one image with one face at a time does not fit.
 */
export function* fittingSteps(
  planner: Planner,
  model: Graph,
  settings: ResolvedOptions,
  batch: number | undefined,
): Generator<FittingStep> {
  const whole = buildStepGraph(model, settings);
  const { single, rivals } = whole;
  const steps = new Map([[rivals, whole]]);
  const stepOf = (most: number): StepGraph => {
    const step = steps.get(most) ?? buildStepGraph(model, settings, most);
    steps.set(most, step);
    return step;
  };
  const planned = (most: number, fits: number): FittingStep & MemoryNeed => {
    const step = stepOf(most);
    const options = { capacity: extentsFor(fits, step), state: step.state };
    return { step, fits, options, ...planner.memory(step.graph, options) };
  };
  for (const fits of halvesOf(single ? 1 : (batch ?? DEFAULT_BATCH))) {
    const least = fits === 1 ? 1 : Math.ceil(rivals / MOST_ROUNDS);
    if (fits > 1 && isTooLarge(planned(least, fits))) continue;
    for (const most of halvesOf(rivals, least)) {
      const { step, options, ...need } = planned(most, fits);
      const isLast = most === least && (fits === 1 || batch !== undefined);
      const within = isLast || need.total <= MEMORY_BUDGET;
      if (!isTooLarge(need) && within) yield { step, fits, options };
      else if (fits === 1 && most === 1) throw oneImageTooLarge(need);
    }
  }
}

const isTooLarge = ({ largestBuffer, bufferLimit }: MemoryNeed): boolean =>
  largestBuffer > bufferLimit;

const oneImageTooLarge = ({ largestBuffer, bufferLimit }: MemoryNeed): DeviceLimitError =>
  new DeviceLimitError(
    'one image with one candidate at a time, in bytes of one buffer',
    largestBuffer,
    bufferLimit,
  );

/** A step on a device. */
export interface Compiled {
  readonly step: StepGraph;
  readonly program: Program;
  readonly fits: number;
  /** Of what was tried before; null when the first could be had. */
  readonly refusal: Error | null;
}

/** Compiles the first of those steps whose storage the device can give. */
export async function compileLargest(
  executor: Executor,
  model: Graph,
  options: ResolvedOptions,
  batch: number | undefined,
): Promise<Compiled> {
  let refusal: Error | null = null;
  for (const { step, fits, options: compile } of fittingSteps(executor, model, options, batch)) {
    try {
      const program = await executor.compile(step.graph, compile);
      return { step, program, fits, refusal };
    } catch (error) {
      if (!asksForLess(error)) throw error;
      refusal = error;
    }
  }
  throw refusal!;
}
