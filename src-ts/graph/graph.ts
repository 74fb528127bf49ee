// The waist of the hourglass: an immutable graph of single-output nodes in topological order.
// Importers and gradients make graphs, passes map graphs to graphs, executors run them.
import type { Tensor } from '../core/tensor.ts';
import type { TensorType } from '../core/shape.ts';
import { InternalError } from '../core/errors.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from './op-set.ts';

/** One application of an op. `label` is the name people know it by: the ONNX node, the weight. */
export interface NodeOf<K extends OpKind> {
  readonly kind: K;
  readonly inputs: OpInputs<K>;
  readonly attrs: OpAttrs<K>;
  readonly output: ValueId;
  readonly label: string;
}

/** A node of any kind; switching on `kind` narrows inputs and attributes. */
export type Node = { readonly [K in OpKind]: NodeOf<K> }[OpKind];

export interface Port {
  readonly name: string;
  readonly id: ValueId;
}

export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  readonly nodes: readonly Node[];
  readonly types: ReadonlyMap<ValueId, TensorType>;
}

/** The type of a value; every value of a well-formed graph has one. */
export function typeOf(graph: Graph, id: ValueId): TensorType {
  const type = graph.types.get(id);
  if (type === undefined) throw new InternalError(`value %${id} has no type`);
  return type;
}

/** The ids a node reads, in the order its inputs are named. */
export function inputIds(node: Node): ValueId[] {
  return Object.values(node.inputs as Record<string, ValueId | undefined>).filter(
    (id) => id !== undefined,
  );
}

export function outputNamed(graph: Graph, name: string): ValueId {
  const port = graph.outputs.find((output) => output.name === name);
  if (port === undefined) throw new InternalError(`graph has no output "${name}"`);
  return port.id;
}
