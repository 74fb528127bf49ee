// The WebGPU executor: an adapter's device behind the Executor interface.
import { KernelCompileError } from '../../core/errors.ts';
import type { Extents } from '../../core/shape.ts';
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { Choice } from '../../kernels/kernel.ts';
import type { CompileOptions, DeviceInfo, Executor } from '../executor.ts';
import { DEFAULT_TABLE, nameTable, type TuningTable } from '../tuning.ts';
import { WebGpuDevice, type OpenOptions } from './device.ts';
import { KernelTimer } from './kernel-timer.ts';
import { PipelineCache } from './pipelines.ts';
import { planGraph, type Plan } from './plan.ts';
import { WebGpuPlanner, type PlannedDevice } from './planner.ts';
import { WebGpuProgram, type Runtime } from './program.ts';

export { listAdapters, type OpenOptions } from './device.ts';
export { WebGpuPlanner, type PlannedDevice } from './planner.ts';

export class WebGpuExecutor extends WebGpuPlanner implements Executor {
  readonly info: DeviceInfo;
  readonly #runtime: Runtime;
  #table: TuningTable;
  #fallback: TuningTable | null;

  constructor(runtime: Runtime, table = DEFAULT_TABLE, fallback: TuningTable | null = null) {
    const { device } = runtime;
    super(plannedDevice(device, table));
    this.#runtime = runtime;
    this.#table = table;
    this.#fallback = fallback;
    this.info = device.info;
  }

  get tuning(): string {
    return nameTable(this.#table);
  }

  get notes(): readonly string[] {
    return this.#runtime.device.notes;
  }

  /** Tells of something that is not as asked, once. */
  note(note: string): void {
    this.#runtime.device.note(note);
  }

  /**
   * The same device with the variants of another table. Where it refuses a kernel, `fallback` takes the
   * table's place from then on, and a note says so.
   */
  withTuning(table: TuningTable, fallback: TuningTable | null = null): WebGpuExecutor {
    return new WebGpuExecutor(this.#runtime, table, fallback);
  }

  /** What the calls of a graph's plan were chosen among; undefined for those without a choice. */
  choicesOf(graph: Graph, capacity: Extents): (Choice | undefined)[] {
    const { traits } = this.planned;
    return planGraph(pruneGraph(graph), { capacity, traits }).calls.map(({ call }) => call.choice);
  }

  async compile(graph: Graph, options: CompileOptions): Promise<WebGpuProgram> {
    const pruned = pruneGraph(graph);
    try {
      return await this.#compile(pruned, options);
    } catch (error) {
      const fallback = this.#fallback;
      if (!(error instanceof KernelCompileError) || fallback === null) throw error;
      const [refused, instead] = [this.tuning, nameTable(fallback)];
      this.note(`${error.message}; tuning "${instead}" is used from here on, not "${refused}"`);
      this.#table = fallback;
      this.#fallback = null;
      this.planned = plannedDevice(this.#runtime.device, fallback);
      return this.#compile(pruned, options);
    }
  }

  #compile(graph: Graph, options: CompileOptions): Promise<WebGpuProgram> {
    const plan = planGraph(graph, { ...options, traits: this.planned.traits });
    for (const misfit of misfitsOf(plan, this.#table)) this.note(misfit);
    return WebGpuProgram.create(this.#runtime, graph, plan, options);
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

function plannedDevice(device: WebGpuDevice, { entries }: TuningTable): PlannedDevice {
  return { traits: { ...device.traits, variants: entries }, bufferLimit: device.bufferLimit };
}

/** Classes of work for which a table names a variant that none of their calls can be made with. */
function misfitsOf({ once, calls }: Plan, table: TuningTable): string[] {
  const choices = [...once, ...calls].flatMap(({ call }) => call.choice ?? []);
  return Object.entries(table.entries).flatMap(([name, variant]) => {
    const own = choices.filter((choice) => choice.class === name);
    if (own.length === 0 || own.some((choice) => choice.variant === variant)) return [];
    const [first] = own;
    return `tuning "${nameTable(table)}": "${name}" has no variant "${variant}" here; the default, "${first!.variant}", is used`;
  });
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
