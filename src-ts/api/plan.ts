// What one step of an attack would do on a device, from its plan alone: nothing is compiled or run.
import { fittingSteps } from '../attack/batch-size.ts';
import { resolveOptions, type DeepFoolOptions } from '../attack/options.ts';
import { SYMBOLS } from '../attack/step.ts';
import { isWanted } from '../attack/step/rounds.ts';
import type { Extents } from '../core/shape.ts';
import type { CallDescription, CompileOptions, Planner } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import type { PlannedKernel, StepPlan } from '../report/plan.ts';
import { requireBatch } from './attack-options.ts';
import { openDevice, type Device } from './device.ts';
import type { Model } from './model.ts';

/** What shapes a step: DeepFool's options, and the batch. */
export interface PlanOptions extends DeepFoolOptions {
  /** Images attacked at a time; default 64, or as many as the device's buffers hold. */
  readonly batch?: number;
  /** An open device, or the name of one: `auto`, `webgpu`, part of a name. */
  readonly device?: Device | string;
}

/**
 * Plans a step of the attack as `deepfool attack` would make it, all slots taken.
 * @throws OptionError, DeviceError, DeviceLimitError as an attack does.
 */
export async function planAttack(model: Model, options: PlanOptions = {}): Promise<StepPlan> {
  const { device = 'auto' } = options;
  const executor = typeof device === 'string' ? await openDevice(device) : device;
  try {
    return planStep(executor, model, options);
  } finally {
    if (typeof device === 'string') executor.dispose();
  }
}

function planStep(device: Device, model: Model, options: PlanOptions): StepPlan {
  const { graph, fits, compile, candidates } = stepOf(device, model, options);
  const { calls, buffers, memory } = device.describe(graph, compile);
  return {
    device: device.info.name,
    tuning: device.tuning,
    batch: fits,
    candidates,
    dispatches: calls.length,
    flops: sum(calls, 'flops'),
    bytes: sum(calls, 'bytes'),
    kernels: groupByKernel(calls),
    calls,
    buffers,
    memory: {
      planned: memory.planned,
      bound: memory.bound,
      while_compiling: memory.whileCompiling,
    },
  };
}

/** A step and the batch it is planned for. */
interface PlannedStep {
  readonly graph: Graph;
  readonly fits: number;
  readonly compile: CompileOptions;
  /** Rows that live in a step. */
  readonly live: Extents;
  readonly candidates: number | 'all';
}

/** What of a step's work there is, as shares of all that there can be. */
export interface Liveness {
  /** Slots whose image is not done. */
  readonly active: number;
  /** Slots whose image takes a step. */
  readonly stepping: number;
  /** Products of lazy rounds after the first, of images that take a step. */
  readonly wanted: number;
}

const FULL: Liveness = { active: 1, stepping: 1, wanted: 1 };

export function stepOf(
  planner: Planner,
  model: Model,
  options: Omit<PlanOptions, 'device'>,
  { active, stepping, wanted }: Liveness = FULL,
): PlannedStep {
  requireBatch(options.batch);
  const { classes, inputShape } = model;
  const settings = resolveOptions(options, { classes, channels: inputShape.channels });
  const batch = model.batchable ? options.batch : 1;
  const [largest] = fittingSteps(planner, model.graph, settings, batch);
  const { step, fits, options: compile } = largest!;
  const shareOf = (symbol: string): number => {
    if (symbol === SYMBOLS.slots) return 1;
    if (symbol === SYMBOLS.active) return active;
    return isWanted(symbol) ? stepping * wanted : stepping;
  };
  const live = Object.entries(compile.capacity).map(
    ([symbol, rows]) => [symbol, rows * shareOf(symbol)] as const,
  );
  const { candidates } = settings;
  return { graph: step.graph, fits, compile, live: Object.fromEntries(live), candidates };
}

/** Calls of one kernel and variant together; those with the most operations first. */
function groupByKernel(calls: readonly CallDescription[]): PlannedKernel[] {
  const groups = new Map<string, CallDescription[]>();
  for (const call of calls) {
    const key = `${call.kernel} ${JSON.stringify(call.variant)}`;
    groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  const kernels = [...groups.values()].map((group) => ({
    kernel: group[0]!.kernel,
    variant: group[0]!.variant,
    calls: group.length,
    workgroups: sum(group, 'workgroups'),
    flops: sum(group, 'flops'),
    bytes: sum(group, 'bytes'),
  }));
  return kernels.sort((a, b) => b.flops - a.flops || b.bytes - a.bytes);
}

const sum = (calls: readonly CallDescription[], name: 'flops' | 'bytes' | 'workgroups'): number =>
  calls.reduce((total, call) => total + call[name], 0);
