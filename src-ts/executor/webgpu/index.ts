// The WebGPU executor: an adapter's device behind the Executor interface.
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { Extents } from '../../core/shape.ts';
import type { CompileOptions, DeviceInfo, Executor, Program } from '../executor.ts';
import { WebGpuDevice, type OpenOptions } from './device.ts';
import { PipelineCache } from './pipelines.ts';
import { planGraph } from './plan.ts';
import { largestBuffer, WebGpuProgram } from './program.ts';

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

  largestBuffer(graph: Graph, capacity: Extents): { needed: number; limit: number } {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.handle.limits;
    return {
      needed: largestBuffer(pruneGraph(graph), capacity),
      limit: Math.min(maxStorageBufferBindingSize, maxBufferSize),
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
