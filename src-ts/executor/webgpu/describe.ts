// What a plan holds, in numbers: its calls with their cost, its buffers, and how near its storage comes
// to the least that any plan needs.
import type { Extents } from '../../core/shape.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { resolveCost } from '../../kernels/cost.ts';
import { kernelName } from '../../kernels/kernel.ts';
import type { BufferDescription, CallDescription, PlanDescription } from '../executor.ts';
import { gridOf } from './dispatch.ts';
import { lifetimes, mostAlive } from './liveness.ts';
import type { Plan, PlannedCall } from './plan.ts';
import { releasedSources } from './storage.ts';

/** Describes the plan of a graph at `live` rows of each symbol. */
export function describePlan(graph: Graph, plan: Plan, live: Extents): PlanDescription {
  const released = new Set(releasedSources(graph, plan));
  const buffers = describeBuffers(graph, plan, released);
  const planned = sumOf(buffers, 'bytes');
  const slots = sumOf(
    buffers.filter(({ kind }) => kind === 'slot'),
    'bytes',
  );
  const alive = mostAlive(lifetimes(plan.calls, plan.rootOf), (id) => slotBytesOf(plan, id));
  const sources = [...released].map((id) => plan.buffers.get(id)!.byteLength);
  return {
    calls: plan.calls.map((call) => describeCall(call, live)),
    buffers,
    memory: {
      planned,
      bound: planned - slots + alive,
      whileCompiling: sources.reduce((a, b) => a + b, 0),
    },
  };
}

function describeCall({ call, label }: PlannedCall, live: Extents): CallDescription {
  const [x, y, z] = gridOf(call, live);
  return {
    label,
    kernel: kernelName(call),
    variant: call.constants,
    workgroups: x * y * z,
    ...resolveCost(call.cost, live),
  };
}

/** Bytes of a value that takes turns with others; 0 for those that keep their buffer. */
function slotBytesOf(plan: Plan, id: ValueId): number {
  const buffer = plan.buffers.get(id);
  return buffer?.storage.kind === 'slot' ? buffer.byteLength : 0;
}

function describeBuffers(
  graph: Graph,
  plan: Plan,
  released: ReadonlySet<ValueId>,
): BufferDescription[] {
  const ports = new Map(
    [...graph.outputs, ...graph.inputs].map(({ id, name }) => [plan.rootOf(id), name]),
  );
  const own = [...plan.buffers].flatMap(([id, { storage, byteLength: bytes }]) => {
    if (storage.kind === 'slot' || released.has(id)) return [];
    const port = ports.get(id);
    const kind: BufferDescription['kind'] =
      port !== undefined ? 'port' : storage.kind === 'constant' ? 'constant' : 'packed';
    return [{ name: port ?? `%${id}`, kind, bytes }];
  });
  const slots = plan.slotBytes.map(
    (bytes, k) => ({ name: `slot ${k}`, kind: 'slot', bytes }) as const,
  );
  return [...own, ...slots];
}

const sumOf = <K extends string>(rows: readonly Readonly<Record<K, number>>[], name: K): number =>
  rows.reduce((sum, row) => sum + row[name], 0);
