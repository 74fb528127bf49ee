// Makes the weights of a network inputs of its graph, so that training can change them, and puts them
// back as constants. Parameters are what convolutions and matrix products are made with: their weights,
// and the biases added to their results. All other constants stay: the normalisation of the image, and
// factors and sums of normalisation layers that were not folded into weights, which so are frozen.
import { InternalError } from '../core/errors.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';

export interface Parameter {
  /** Unique in its graph, and the same each time: `fc1.weight`. The graph's input of that name. */
  readonly name: string;
  readonly value: Tensor;
}

export interface LiftedModel {
  /** The graph with its parameters as inputs. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  /** Numbers in float constants with dimensions that are no parameters. */
  readonly frozen: number;
}

type Role = 'weight' | 'bias';

/** The graph with its weights and biases as inputs. */
export function liftParameters(graph: Graph): LiftedModel {
  const found = findParameters(graph);
  const constants = new Map(graph.constants);
  const inputs = [...graph.inputs];
  const parameters: Parameter[] = [];
  for (const [id, name] of found) {
    parameters.push({ name, value: constants.get(id)! });
    inputs.push({ name, id });
    constants.delete(id);
  }
  const left = [...constants.values()].filter(
    ({ dtype, shape }) => dtype === 'float32' && shape.length > 0,
  );
  const frozen = left.reduce((count, { data }) => count + data.length, 0);
  return { graph: { ...graph, inputs, constants }, parameters, frozen };
}

/** The graph with these values as constants in the place of its inputs of their names. */
export function lowerParameters(graph: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const constants = new Map(graph.constants);
  const inputs = graph.inputs.filter(({ name, id }) => {
    const value = values[name];
    if (value === undefined) return true;
    constants.set(id, value);
    return false;
  });
  const missing = Object.keys(values).length - (graph.inputs.length - inputs.length);
  if (missing !== 0) throw new InternalError(`${missing} parameters are no inputs of the graph`);
  return { ...graph, inputs, constants };
}

/** Constants that are nothing but weights or biases, in the order of their first use, and their names. */
function findParameters(graph: Graph): Map<ValueId, string> {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const names = new Map<ValueId, string>();
  const others = new Set<ValueId>(graph.outputs.map(({ id }) => id));
  const taken = new Set(graph.inputs.map(({ name }) => name));
  for (const [at, node] of graph.nodes.entries()) {
    for (const [input, id] of Object.entries(node.inputs as Record<string, ValueId | undefined>)) {
      if (id === undefined || graph.constants.get(id)?.dtype !== 'float32') continue;
      const role = roleOf(graph, node, input, id, producers);
      if (role === null) others.add(id);
      else if (!names.has(id)) names.set(id, uniqueName(nameOf(node, role, at), taken));
    }
  }
  return new Map([...names].filter(([id]) => !others.has(id)));
}

function nameOf(node: Node, role: Role, at: number): string {
  return `${node.label === '' ? `${node.kind}${at}` : node.label}.${role}`;
}

function uniqueName(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let k = 2; taken.has(name); k++) name = `${wish}${k}`;
  taken.add(name);
  return name;
}

function roleOf(
  graph: Graph,
  node: Node,
  input: string,
  id: ValueId,
  producers: ReadonlyMap<ValueId, Node>,
): Role | null {
  if (node.kind === 'conv') return input === 'bias' ? 'bias' : 'weight';
  if (node.kind === 'matmul') return 'weight';
  if (node.kind !== 'add') return null;
  const other = input === 'a' ? node.inputs.b : node.inputs.a;
  const isNumber = graph.constants.get(id)!.data.length === 1;
  return !isNumber && isProduct(other, producers) ? 'bias' : null;
}

/** Whether a value is the result of a convolution or matrix product, or of several side by side. */
function isProduct(id: ValueId, producers: ReadonlyMap<ValueId, Node>): boolean {
  const node = producers.get(id);
  if (node?.kind === 'concat') {
    return Object.values(node.inputs).every((part) => isProduct(part, producers));
  }
  return node?.kind === 'conv' || node?.kind === 'matmul';
}
