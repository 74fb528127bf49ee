// Removes what no output needs: dead nodes and the constants only they read. Inputs stay, since
// they are the graph's signature.
import { inputIds, type Graph } from './graph.ts';
import type { ValueId } from './op-set.ts';

/** The same graph without dead nodes and constants. */
export function pruneGraph(graph: Graph): Graph {
  const live = new Set<ValueId>(graph.outputs.map(({ id }) => id));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!live.has(node.output)) return false;
    for (const id of inputIds(node)) live.add(id);
    return true;
  });
  for (const { id } of graph.inputs) live.add(id);
  return {
    ...graph,
    nodes: nodes.reverse(),
    constants: new Map([...graph.constants].filter(([id]) => live.has(id))),
    types: new Map([...graph.types].filter(([id]) => live.has(id))),
  };
}
