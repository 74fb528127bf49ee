// What a case's graph is made of: engine ops, the kernels they are lowered to, and whether a gradient
// passes. Each node is looked at alone, so that fusion does not hide which kernels it would have.
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { EngineError, NotDifferentiableError } from '../../src-ts/core/errors.ts';
import { findBatch } from '../../src-ts/core/shape.ts';
import { planGraph } from '../../src-ts/executor/webgpu/plan.ts';
import { typeOf, type Graph, type Node } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import { GraphBuilder, mapInputs } from '../../src-ts/ops/builder.ts';

export type GradientKind = 'yes' | 'zero' | 'straight-through' | 'none';

export interface Profile {
  readonly kinds: readonly string[];
  /** null: no path from a float input to a float output. */
  readonly gradient: GradientKind | null;
}

/** The profile of a graph; its kernels, and those of its gradient, are added to `kernels` by op. */
export function profileGraph(graph: Graph, kernels: Map<string, Set<string>>): Profile {
  const kinds = [...new Set(graph.nodes.map(({ kind }) => kind))];
  addKernels(graph, kernels);
  const [found, differentiated] = differentiate(graph);
  if (differentiated !== null) addKernels(differentiated, kernels);
  const through = found === 'yes' && kinds.includes('round_through');
  return { kinds, gradient: through ? 'straight-through' : found };
}

function differentiate(graph: Graph): [GradientKind | null, Graph | null] {
  const builder = new GraphBuilder();
  const inputs = graph.inputs.map(
    ({ name, id }) => [name, builder.input(name, typeOf(graph, id))] as const,
  );
  const moved = builder.inline(graph, Object.fromEntries(inputs));
  const isFloat = (id: ValueId): boolean => builder.typeOf(id).dtype === 'float32';
  const outputs = graph.outputs.map(({ id }) => moved.get(id)!).filter(isFloat);
  const wrt = inputs.map(([, id]) => id).filter(isFloat);
  if (outputs.length === 0 || wrt.length === 0 || graph.nodes.length === 0) return [null, null];
  const seeds = outputs.map((of, i) => ({
    of,
    cotangent: builder.input(`dy${i}`, builder.typeOf(of)),
  }));
  try {
    const found = gradient(builder, { seeds, wrt }).filter((id) => id !== null);
    for (const [i, id] of found.entries()) builder.output(`dx${i}`, id);
    return [found.length > 0 ? 'yes' : 'zero', pruneGraph(builder.finish())];
  } catch (thrown) {
    if (thrown instanceof NotDifferentiableError) return ['none', null];
    throw thrown;
  }
}

function addKernels(graph: Graph, kernels: Map<string, Set<string>>): void {
  for (const node of graph.nodes) {
    const known = kernels.get(node.kind) ?? new Set<string>();
    kernels.set(node.kind, known);
    for (const name of kernelsOf(graph, node)) known.add(name);
  }
}

/** The kernels of one node, in the families of CPU adapters and of GPUs. */
function kernelsOf(graph: Graph, node: Node): string[] {
  const builder = new GraphBuilder();
  const enter = (id: ValueId): ValueId => {
    const constant = graph.constants.get(id);
    if (constant !== undefined) return builder.constant(constant);
    return builder.input(`x${id}`, typeOf(graph, id));
  };
  const ids = new Map<ValueId, ValueId>();
  const inputs = mapInputs(node.inputs, (id) => {
    const known = ids.get(id) ?? enter(id);
    ids.set(id, known);
    return known;
  }) as never;
  builder.output('y', builder.emit(node.kind, inputs, node.attrs, node.label));
  const alone = builder.finish();
  const capacity: Record<string, number> = {};
  for (const type of alone.types.values()) {
    const batch = findBatch(type.shape);
    if (batch !== null) capacity[batch.dim.symbol] = 2;
  }
  return [8, null].flatMap((subgroupLanes) => {
    try {
      const plan = planGraph(alone, { capacity, traits: { subgroupLanes } });
      return [...plan.once, ...plan.calls].map(({ call }) => call.kernel.file);
    } catch (thrown) {
      if (thrown instanceof EngineError) return [];
      throw thrown;
    }
  });
}
