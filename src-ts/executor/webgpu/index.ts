// The WebGPU executor: an adapter's device behind the Executor interface.
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { CompileOptions, DeviceInfo, Executor } from '../executor.ts';
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
  readonly #runtime: Runtime;

  constructor(device: WebGpuDevice, timer: KernelTimer | null) {
    super(device);
    this.#runtime = { device, pipelines: new PipelineCache(device), timer };
    this.info = device.info;
  }

  async compile(graph: Graph, options: CompileOptions): Promise<WebGpuProgram> {
    const pruned = pruneGraph(graph);
    const plan = planGraph(pruned, { ...options, traits: this.#runtime.device.traits });
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
  return new WebGpuExecutor(device, timer);
}
