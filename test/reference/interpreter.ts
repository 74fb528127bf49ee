// Runs a graph by the plain-loop meaning of its ops, in float64: what kernels, gradients and passes
// are held to. The extents of symbols come from the inputs, and from `compact`, which makes them.
import { sameShape, resolveShape, findBatch, formatShape } from '../../src-ts/core/shape.ts';
import { tensor, type Tensor, type TensorData } from '../../src-ts/core/tensor.ts';
import { typeOf, type Graph, type Node } from '../../src-ts/graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, mapInputs, opDef } from '../../src-ts/ops/builder.ts';

/** The outputs of `graph` for the given inputs, by name. */
export function interpret(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const values = interpretAll(graph, inputs);
  return Object.fromEntries(graph.outputs.map(({ name, id }) => [name, lookUp(values, id)]));
}

/** Every value of `graph` for the given inputs. */
export function interpretAll(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): ReadonlyMap<ValueId, Tensor> {
  const extents: Record<string, number> = {};
  const values = new Map<ValueId, Tensor>();
  for (const [id, constant] of graph.constants) values.set(id, inDouble(constant));
  for (const { name, id } of graph.inputs) {
    const value = inputs[name];
    if (value === undefined) throw new Error(`no value for input "${name}"`);
    bindExtents(graph, id, value, extents);
    values.set(id, inDouble(value));
  }
  for (const node of graph.nodes) {
    const value = evaluateNode(graph, node, values, extents);
    bindExtents(graph, node.output, value, extents);
    values.set(node.output, value);
  }
  return values;
}

/** float32 values held in double precision, so that no op rounds. */
function inDouble({ dtype, shape, data }: Tensor): Tensor {
  const held: TensorData = dtype === 'float32' ? Float64Array.from(data) : data;
  return tensor(dtype, shape, held);
}

function lookUp(values: ReadonlyMap<ValueId, Tensor>, id: ValueId): Tensor {
  const value = values.get(id);
  if (value === undefined) throw new Error(`value %${id} is used before it is made`);
  return value;
}

/** Learns the extent of a symbol from the first value that carries it, and holds later ones to it. */
function bindExtents(
  graph: Graph,
  id: ValueId,
  value: Tensor,
  extents: Record<string, number>,
): void {
  const type = typeOf(graph, id);
  const batch = findBatch(type.shape);
  if (batch !== null) {
    extents[batch.dim.symbol] ??= (value.shape[batch.axis] ?? 0) / batch.dim.times;
  }
  const expected = resolveShape(type.shape, extents);
  if (sameShape(expected, value.shape)) return;
  const shapes = `${formatShape(value.shape)}, not ${formatShape(expected)}`;
  throw new Error(`value %${id} came in shape ${shapes}`);
}

function evaluateNode(
  graph: Graph,
  node: Node,
  values: ReadonlyMap<ValueId, Tensor>,
  extents: Readonly<Record<string, number>>,
): Tensor {
  const type = typeOf(graph, node.output);
  const inputs = mapInputs(node.inputs, (id) => lookUp(values, id));
  const context = { type, shape: () => resolveShape(type.shape, extents) };
  return opDef<OpKind>(node.kind).evaluate(inputs, node.attrs, context);
}

/** The value of one op. */
export function evaluateOp<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
): Tensor {
  const builder = new GraphBuilder();
  const ids = Object.entries(inputs).map(([name, { dtype, shape }]): [string, ValueId] => [
    name,
    builder.input(name, { dtype, shape }),
  ]);
  const output = builder.emit(kind, Object.fromEntries(ids) as unknown as OpInputs<K>, attrs);
  builder.output('y', output);
  return interpret(builder.finish(), inputs)['y']!;
}
