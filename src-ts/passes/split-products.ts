// Cuts matrix products whose constant weight is larger than a device can bind into products with parts of
// it: x · [W₁ W₂ …] = [x · W₁, x · W₂, …]. WebGPU promises 128 MiB a binding and software adapters give
// no more; the first dense layer of AlexNet has 144, that of VGG 392. Every result element is computed as
// it was, so the values are the same.
import { tensor, type Tensor } from '../core/tensor.ts';
import { typeOf, type Graph, type NodeOf } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder, mapInputs } from '../ops/builder.ts';

/** Half of what WebGPU promises: kernels keep a packed copy with its edges filled up. */
export const MAX_WEIGHT_BYTES = 2 ** 26;

/** Columns of a part are a multiple of what any kernel takes at once. */
const COLUMNS = 64;

/** The same function, no product's weight larger than `limit` bytes. */
export function splitProducts(graph: Graph, limit = MAX_WEIGHT_BYTES): Graph {
  const large = (node: Graph['nodes'][number]): Tensor | null => {
    if (node.kind !== 'matmul') return null;
    const weight = graph.constants.get(node.inputs.b);
    return weight?.shape.length === 2 && 4 * weight.data.length > limit ? weight : null;
  };
  if (!graph.nodes.some((node) => large(node) !== null)) return graph;
  const builder = new GraphBuilder();
  const moved = new Map<ValueId, ValueId>();
  const parts = new Map<string, readonly Tensor[]>();
  const of = (id: ValueId): ValueId => {
    const known = moved.get(id);
    if (known !== undefined) return known;
    const made = builder.constant(graph.constants.get(id)!); // entered when first read, if at all
    moved.set(id, made);
    return made;
  };
  for (const { name, id } of graph.inputs) moved.set(id, builder.input(name, typeOf(graph, id)));
  for (const node of graph.nodes) {
    const weight = large(node);
    if (node.kind === 'matmul' && weight !== null) {
      const key = `${node.inputs.b} ${node.attrs.transposeB}`;
      const cut = parts.get(key) ?? cutColumns(weight, node.attrs.transposeB, limit);
      parts.set(key, cut);
      moved.set(node.output, emitParts(builder, node, of(node.inputs.a), cut));
    } else {
      const inputs = mapInputs(node.inputs, of) as never;
      moved.set(node.output, builder.emit(node.kind, inputs, node.attrs, node.label));
    }
  }
  for (const { name, id } of graph.outputs) builder.output(name, of(id));
  return builder.finish();
}

function emitParts(
  builder: GraphBuilder,
  { attrs, label }: NodeOf<'matmul'>,
  a: ValueId,
  parts: readonly Tensor[],
): ValueId {
  const products = parts.map((part) =>
    builder.emit('matmul', { a, b: builder.constant(part) }, attrs, label),
  );
  if (products.length === 1) return products[0]!; // a single column group cannot be cut further
  const named = Object.fromEntries(products.map((id, i) => [`x${i}` as const, id]));
  const axis = builder.typeOf(products[0]!).shape.length - 1;
  return builder.emit('concat', named, { axis }, label);
}

/** A weight [K, N], or [N, K] when it is read transposed, as weights of fewer output columns. */
function cutColumns(weight: Tensor, transposed: boolean, limit: number): Tensor[] {
  const [rows, columns] = weight.shape as [number, number];
  const [depth, width] = transposed ? [columns, rows] : [rows, columns];
  const step = Math.max(1, Math.floor(limit / (4 * depth * COLUMNS))) * COLUMNS;
  const starts = Array.from({ length: Math.ceil(width / step) }, (_, i) => i * step);
  return starts.map((start) => {
    const size = Math.min(step, width - start);
    if (!transposed) return columnsOf(weight, start, size);
    const data = weight.data.subarray(start * depth, (start + size) * depth);
    return tensor(weight.dtype, [size, depth], data);
  });
}

function columnsOf({ dtype, shape, data }: Tensor, start: number, size: number): Tensor {
  const [rows, columns] = shape as [number, number];
  const cut = data.slice(0, rows * size);
  for (let row = 0; row < rows; row++) {
    cut.set(data.subarray(row * columns + start, row * columns + start + size), row * size);
  }
  return tensor(dtype, [rows, size], cut);
}
