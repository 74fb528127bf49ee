// Graphs within nodes: the branches of If and the bodies of a file's own functions. Both are imported in
// the place of their node, a branch seeing the names around it, a body only what it is given.
import { ModelError } from '../core/errors.ts';
import { NodeRefusal } from './node-context.ts';
import {
  functionKey,
  labelOf,
  type OnnxAttribute,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
} from './proto/messages.ts';
import type { Value } from './value.ts';

/** How deep bodies may lie in each other, and how many nodes they may come to: a file can multiply. */
const MAX_DEPTH = 32;
const MAX_NODES = 2 ** 16;

/** What is left of those limits while a file is imported. */
export class BodyBudget {
  #nodes = MAX_NODES;
  #depth = 0;

  /** Does `work` within a body of so many nodes. */
  enter<T>(file: string, node: OnnxNode, body: OnnxGraph, work: () => T): T {
    this.#nodes -= body.nodes.length;
    if (this.#depth >= MAX_DEPTH || this.#nodes < 0) {
      const reason = 'functions or branches lie in each other too deeply';
      throw new ModelError(`${file}: node "${labelOf(node)}": ${reason}`);
    }
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }
}

/** The names a node reads: its inputs, and what the graphs within it take from around them. */
export function readsOf(node: OnnxNode): readonly string[] {
  const inner = graphsOf(node).flatMap((graph) => [...freeNames(graph)]);
  return inner.length === 0 ? node.inputs : [...node.inputs, ...inner];
}

function graphsOf({ attributes }: OnnxNode): OnnxGraph[] {
  return [...attributes.values()].flatMap((attribute) =>
    attribute.type === 'graph' ? [attribute.value] : [],
  );
}

/** Names that a graph reads and does not make. */
export function freeNames({ nodes, inputs, outputs, initializers }: OnnxGraph): Set<string> {
  const made = new Set([
    ...nodes.flatMap((node) => node.outputs),
    ...inputs.map(({ name }) => name),
    ...initializers.keys(),
  ]);
  const read = [...nodes.flatMap(readsOf), ...outputs.map(({ name }) => name)];
  return new Set(read.filter((name) => name !== '' && !made.has(name)));
}

/** The branch that a node with a known condition takes. */
export function takenBranch(node: OnnxNode, condition: Value | undefined): OnnxGraph {
  if (condition?.kind !== 'constant') {
    throw new NodeRefusal('its condition is computed from the image');
  }
  const [holds] = condition.tensor.data;
  const name = holds === undefined || holds === 0 ? 'else_branch' : 'then_branch';
  const branch = node.attributes.get(name);
  if (branch?.type !== 'graph') throw new NodeRefusal(`it has no ${name}`);
  return branch.value;
}

/** The function of the file that a node calls, if it calls one. */
export function calledFunction(model: OnnxModel, node: OnnxNode): OnnxFunction | undefined {
  return model.functions.get(functionKey(node.domain, node.operator));
}

/** A function's body for one call: absent inputs read as absent, attributes filled in. */
export function bodyOf(called: OnnxFunction, node: OnnxNode): OnnxGraph {
  const absent = new Set(called.inputs.filter((_, i) => (node.inputs[i] ?? '') === ''));
  return {
    nodes: called.nodes.map((inner) => filledIn(inner, called, node, absent)),
    inputs: [],
    outputs: [],
    initializers: new Map(),
  };
}

function filledIn(
  inner: OnnxNode,
  called: OnnxFunction,
  node: OnnxNode,
  absent: ReadonlySet<string>,
): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>();
  for (const [name, attribute] of inner.attributes) {
    const value = filledAttribute(attribute, called, node, absent);
    if (value !== undefined) attributes.set(name, value);
  }
  const inputs = inner.inputs.map((name) => (absent.has(name) ? '' : name));
  return { ...inner, inputs, attributes };
}

function filledAttribute(
  attribute: OnnxAttribute,
  called: OnnxFunction,
  node: OnnxNode,
  absent: ReadonlySet<string>,
): OnnxAttribute | undefined {
  if (attribute.type === 'graph') {
    const { value: graph } = attribute;
    const nodes = graph.nodes.map((each) => filledIn(each, called, node, absent));
    return { type: 'graph', value: { ...graph, nodes } };
  }
  if (attribute.type !== 'reference') return attribute;
  const given = node.attributes.get(attribute.value);
  if (given !== undefined || called.attributes.includes(attribute.value)) return given;
  throw new NodeRefusal(`the default of its attribute "${attribute.value}"`);
}
