// The WebGPU executor: an adapter's device behind the Executor interface.
import type { Extents } from '../../core/shape.ts';
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { Choice } from '../../kernels/kernel.ts';
import type { AdapterTraits } from '../../ops/op-def.ts';
import type { CompileOptions, DeviceInfo, Executor } from '../executor.ts';
import { DEFAULT_TABLE, nameTable, type TuningTable } from '../tuning.ts';
import { WebGpuDevice, type OpenOptions } from './device.ts';
import { KernelTimer } from './kernel-timer.ts';
import { PipelineCache } from './pipelines.ts';
import { planGraph } from './plan.ts';
import { WebGpuPlanner } from './planner.ts';
import { WebGpuProgram, type Runtime } from './program.ts';

export { listAdapters, type OpenOptions } from './device.ts';
export { WebGpuPlanner, type PlannedDevice } from './planner.ts';

export class WebGpuExecutor extends WebGpuPlanner implements Executor {
  readonly info: DeviceInfo;
  readonly tuning: string;
  readonly #runtime: Runtime;
  readonly #traits: AdapterTraits;

  constructor(runtime: Runtime, table = DEFAULT_TABLE) {
    const { device } = runtime;
    const traits = { ...device.traits, variants: table.entries };
    super({ traits, bufferLimit: device.bufferLimit });
    this.#traits = traits;
    this.#runtime = runtime;
    this.info = device.info;
    this.tuning = nameTable(table);
  }

  /** The same device with the variants of another table. */
  withTuning(table: TuningTable): WebGpuExecutor {
    return new WebGpuExecutor(this.#runtime, table);
  }

  /** What the calls of a graph's plan were chosen among; undefined for those without a choice. */
  choicesOf(graph: Graph, capacity: Extents): (Choice | undefined)[] {
    const { calls } = planGraph(pruneGraph(graph), { capacity, traits: this.#traits });
    return calls.map(({ call }) => call.choice);
  }

  async compile(graph: Graph, options: CompileOptions): Promise<WebGpuProgram> {
    const pruned = pruneGraph(graph);
    const plan = planGraph(pruned, { ...options, traits: this.#traits });
    return WebGpuProgram.create(this.#runtime, pruned, plan, options);
  }

  async finish(): Promise<void> {
    const { device, timer } = this.#runtime;
    await device.wait(device.queue.onSubmittedWorkDone());
    await timer?.finish();
  }

  dispose(): void {
    this.#runtime.device.dispose();
  }
}

/**
 * Opens a WebGPU device.
 * Throws DeviceError when there is no adapter, or none of the given name, listing those found.
 */
export async function openWebGpu(options: OpenOptions = {}): Promise<WebGpuExecutor> {
  const device = await WebGpuDevice.open(options);
  const { tracer } = options;
  const timer = tracer === undefined ? null : await KernelTimer.create(device, tracer);
  return new WebGpuExecutor({ device, pipelines: new PipelineCache(device), timer });
}
