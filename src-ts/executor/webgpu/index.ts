// The WebGPU executor: an adapter's device behind the Executor interface.
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { CompileOptions, DeviceInfo, Executor, MemoryNeed, Program } from '../executor.ts';
import { WebGpuDevice, type OpenOptions } from './device.ts';
import { PipelineCache } from './pipelines.ts';
import { planGraph } from './plan.ts';
import { WebGpuProgram } from './program.ts';
import { largestBufferOf, plannedBytes } from './storage.ts';

export { listAdapters, type OpenOptions } from './device.ts';

class WebGpuExecutor implements Executor {
  readonly info: DeviceInfo;
  readonly #device: WebGpuDevice;
  readonly #pipelines: PipelineCache;

  constructor(device: WebGpuDevice) {
    this.#device = device;
    this.#pipelines = new PipelineCache(device);
    this.info = device.info;
  }

  async compile(graph: Graph, options: CompileOptions): Promise<Program> {
    const pruned = pruneGraph(graph);
    const plan = planGraph(pruned, { ...options, traits: this.#device.traits });
    return WebGpuProgram.create(this.#device, this.#pipelines, pruned, plan, options);
  }

  memory(graph: Graph, options: CompileOptions): MemoryNeed {
    const plan = planGraph(pruneGraph(graph), { ...options, traits: this.#device.traits });
    return {
      total: plannedBytes(plan),
      largestBuffer: largestBufferOf(plan),
      bufferLimit: this.#device.bufferLimit,
    };
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
