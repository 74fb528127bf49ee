// The WebGPU executor: an adapter's device behind the Executor interface.
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { CompileOptions, DeviceInfo, Executor, Program } from '../executor.ts';
import { WebGpuDevice, type OpenOptions } from './device.ts';
import { PipelineCache } from './pipelines.ts';
import { planGraph } from './plan.ts';
import { WebGpuPlanner } from './planner.ts';
import { WebGpuProgram } from './program.ts';

export { listAdapters, type OpenOptions } from './device.ts';
export { WebGpuPlanner, type PlannedDevice } from './planner.ts';

class WebGpuExecutor extends WebGpuPlanner implements Executor {
  readonly info: DeviceInfo;
  readonly #device: WebGpuDevice;
  readonly #pipelines: PipelineCache;

  constructor(device: WebGpuDevice) {
    super(device);
    this.#device = device;
    this.#pipelines = new PipelineCache(device);
    this.info = device.info;
  }

  async compile(graph: Graph, options: CompileOptions): Promise<Program> {
    const pruned = pruneGraph(graph);
    const plan = planGraph(pruned, { ...options, traits: this.#device.traits });
    return WebGpuProgram.create(this.#device, this.#pipelines, pruned, plan, options);
  }

  dispose(): void {
    this.#device.dispose();
  }
}

/**
 * Opens a WebGPU device.
 * Throws DeviceError when there is no adapter, or none of the given name, listing those found.
 */
export async function openWebGpu(options: OpenOptions = {}): Promise<Executor> {
  return new WebGpuExecutor(await WebGpuDevice.open(options));
}
