// The nodes that given outputs need, each after what it reads. Files promise that order but may break
// the promise; a cycle, a name made twice or a name nobody makes is an error that names the node.
import { ModelError } from '../core/errors.ts';
import { readsOf } from './bodies.ts';
import { labelOf, type OnnxGraph, type OnnxNode } from './proto/messages.ts';

/** Needed nodes in an order that can be run. `known` are names that have a value already. */
export function scheduleNodes(
  graph: OnnxGraph,
  wanted: readonly string[],
  known: ReadonlySet<string>,
  file: string,
): OnnxNode[] {
  const makers = makersOf(graph, known, file);
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, 'open' | 'done'>();
  // Depth first with a stack of its own: a hostile file may be deeper than ours.
  const stack: { readonly node: OnnxNode; readonly reads: readonly string[]; next: number }[] = [];
  const visit = (name: string, reader: string): void => {
    if (name === '' || known.has(name)) return;
    const node = makers.get(name);
    if (node === undefined) {
      throw new ModelError(`${file}: ${reader} reads "${name}", which nothing makes`);
    }
    if (state.get(node) === 'open') {
      throw new ModelError(`${file}: node "${labelOf(node)}" needs its own output "${name}"`);
    }
    if (state.has(node)) return;
    state.set(node, 'open');
    stack.push({ node, reads: readsOf(node), next: 0 });
  };
  for (const name of wanted) {
    visit(name, 'the output');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.reads[top.next++];
      if (input !== undefined) {
        visit(input, `node "${labelOf(top.node)}"`);
        continue;
      }
      state.set(top.node, 'done');
      order.push(top.node);
      stack.pop();
    }
  }
  return order;
}

function makersOf(
  graph: OnnxGraph,
  known: ReadonlySet<string>,
  file: string,
): ReadonlyMap<string, OnnxNode> {
  const makers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (makers.has(output) || known.has(output)) {
        throw new ModelError(`${file}: "${output}" is made twice, again by "${labelOf(node)}"`);
      }
      makers.set(output, node);
    }
  }
  return makers;
}
