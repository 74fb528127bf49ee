// How fast an attack would be on a machine that need not be here, from the plan it would run there.
import { STEPS_IN_FLIGHT } from '../attack/slot-stream.ts';
import { OptionError } from '../core/errors.ts';
import { estimateSeconds, measuredMachine, type Machine } from '../executor/estimate.ts';
import { EFFICIENCY, gpuMachine, GPUS, type Gpu } from '../executor/gpus.ts';
import { LAVAPIPE } from '../executor/lavapipe.ts';
import { WebGpuPlanner, type PlannedDevice } from '../executor/webgpu/index.ts';
import type { Estimate } from '../report/estimate.ts';
import type { Model } from './model.ts';
import { stepOf, type PlanOptions } from './plan.ts';

export interface EstimateOptions extends Omit<PlanOptions, 'device'> {
  /** Steps an image takes on average. Default 3. */
  readonly steps?: number;
}

/** A machine to estimate for: how it is planned for, how fast it is, and what that rests on. */
export interface EstimatedMachine {
  readonly name: string;
  readonly device: PlannedDevice;
  readonly machine: Machine;
  readonly assumptions: readonly string[];
}

const DEFAULT_STEPS = 3;
/** What `--lazy 2` computed of the classes after the first: 2.7 of 8 on LeNet, 1.7 to 4.4 on others. */
const LAZY_SHARE = 0.35;
const LAZY_ASSUMPTION = `of classes after the first, ${100 * LAZY_SHARE} % are looked at`;
const IMAGES = 50_000;
/** What GPUs let a buffer be; WebGPU's default is an eighth of a gibibyte, adapters offer 2 and more. */
const GPU_BUFFER_LIMIT = 2 ** 31;

/**
 * Estimates an attack on a named GPU: `H100`, `RTX 4090`, …, or `lavapipe`, whose rates are measured.
 * @throws OptionError for a name that is not known, with those that are.
 */
export function estimateAttack(model: Model, gpu: string, options: EstimateOptions = {}): Estimate {
  return estimateOn(machineNamed(gpu), model, options);
}

/** Names that `--estimate` takes. */
export const estimatedNames = (): string[] => [...GPUS.map(({ name }) => name), 'lavapipe'];

function machineNamed(name: string): EstimatedMachine {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (plain(name) === 'lavapipe') return lavapipeMachine();
  const gpu = GPUS.find((each) => plain(each.name) === plain(name));
  if (gpu !== undefined) return fromDataSheet(gpu);
  throw new OptionError(
    `--estimate: expected one of ${estimatedNames().join(', ')}, got "${name}"`,
  );
}

function fromDataSheet(gpu: Gpu): EstimatedMachine {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return {
    name: gpu.name,
    device: { traits: { subgroupLanes: null }, bufferLimit: GPU_BUFFER_LIMIT },
    machine: gpuMachine(gpu),
    assumptions: [
      `convolutions and products reach ${percent(EFFICIENCY.compute)} of ${gpu.tflops} TFLOP/s`,
      `every kernel reaches ${percent(EFFICIENCY.bandwidth)} of ${gpu.bandwidth} GB/s`,
      `a dispatch costs ${gpu.dispatchMicros} µs`,
      'peaks are from data sheets; nothing was measured on this GPU',
    ],
  };
}

function lavapipeMachine(): EstimatedMachine {
  return {
    name: 'lavapipe',
    device: { traits: { subgroupLanes: 8 }, bufferLimit: 2 ** 27 },
    machine: measuredMachine(LAVAPIPE.rates),
    assumptions: [`rates of each kernel as measured on ${LAVAPIPE.measuredOn}`],
  };
}

/**
 * Slots are refilled at once: an image has its slot for its steps, the visit that finds it done, and those
 * steps that are in flight before the host knows.
 */
export function estimateOn(
  { name, device, machine, assumptions }: EstimatedMachine,
  model: Model,
  options: EstimateOptions,
): Estimate {
  const { steps = DEFAULT_STEPS } = options;
  if (!(steps > 0)) throw new OptionError(`--steps: expected a number > 0, got ${steps}`);
  const planner = new WebGpuPlanner(device);
  const cycle = steps + 1 + STEPS_IN_FLIGHT;
  const liveness = { active: (steps + 1) / cycle, stepping: steps / cycle, wanted: LAZY_SHARE };
  const { graph, fits, compile, live } = stepOf(planner, model, options, liveness);
  const { calls } = planner.describe(graph, compile, live);
  const seconds = estimateSeconds(calls, machine);
  const perSecond = fits / cycle / seconds;
  return {
    machine: name,
    batch: fits,
    dispatches: calls.length,
    milliseconds_per_step: 1000 * seconds,
    images_per_second: perSecond,
    seconds_for_50000_images: IMAGES / perSecond,
    assumptions: [
      `an image takes ${steps} steps on average, and its slot is given on ${STEPS_IN_FLIGHT} steps later`,
      ...(options.lazy === undefined ? [] : [LAZY_ASSUMPTION]),
      ...assumptions,
    ],
  };
}
