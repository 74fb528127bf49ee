// Plans for a device that need not be here: what a graph would need, and what a run would do.
import type { Extents } from '../../core/shape.ts';
import type { Graph } from '../../graph/graph.ts';
import { pruneGraph } from '../../graph/prune.ts';
import type { AdapterTraits } from '../../ops/op-def.ts';
import type { CompileOptions, MemoryNeed, PlanDescription, Planner } from '../executor.ts';
import { describePlan } from './describe.ts';
import { planGraph } from './plan.ts';
import { largestBufferOf, plannedBytes } from './storage.ts';

/** What plans depend on. */
export interface PlannedDevice {
  readonly traits: AdapterTraits;
  /** Bytes of the largest buffer that can be made and bound. */
  readonly bufferLimit: number;
}

export class WebGpuPlanner implements Planner {
  /** What is planned for; a device may turn out to be another. */
  protected planned: PlannedDevice;

  constructor(planned: PlannedDevice) {
    this.planned = planned;
  }

  memory(graph: Graph, options: CompileOptions): MemoryNeed {
    const { traits, bufferLimit } = this.planned;
    const plan = planGraph(pruneGraph(graph), { ...options, traits });
    return { total: plannedBytes(plan), largestBuffer: largestBufferOf(plan), bufferLimit };
  }

  describe(
    graph: Graph,
    options: CompileOptions,
    live: Extents = options.capacity,
  ): PlanDescription {
    const pruned = pruneGraph(graph);
    const plan = planGraph(pruned, { ...options, traits: this.planned.traits });
    return describePlan(pruned, plan, live);
  }
}
