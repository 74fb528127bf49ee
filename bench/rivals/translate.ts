// Translates a classifier that was imported from ONNX into another library's functions, op by op, so
// that rivals compute the very model we do. Ops that no model of the benches has are refused.
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { inputIds, typeOf, type Graph, type Node, type NodeOf } from '../../src-ts/graph/graph.ts';
import type { ConvGeometry, OpKind, ValueId, WindowGeometry } from '../../src-ts/graph/op-set.ts';

export type Activation = 'relu' | 'relu6';
/** Padding of the two spatial axes. */
export type Pads = readonly [Pad, Pad];
type Pad = readonly [before: number, after: number];

/** The ops of a library. Images of type `V` lie in the layout that the library likes. */
export interface RivalOps<V> {
  readonly weight: (value: Tensor, role: 'filter' | 'image' | 'plain') => V;
  /** Depthwise where `groups` is not 1. */
  readonly conv: (x: V, w: V, task: ConvTask<V>) => V;
  readonly maxPool: (x: V, geometry: WindowGeometry) => V;
  readonly avgPool: (x: V, geometry: WindowGeometry) => V;
  readonly padImage: (x: V, pads: Pads) => V;
  readonly relu: (x: V) => V;
  readonly clip: (x: V, min: number, max: number) => V;
  readonly binary: (kind: 'add' | 'sub' | 'mul' | 'div', a: V, b: V) => V;
  /** The sum over the pixels of each channel; both axes are kept. */
  readonly sumPixels: (x: V) => V;
  /** [N, C, H, W] → [N, C · H · W], elements in this order. */
  readonly flatten: (x: V) => V;
  readonly matmul: (a: V, b: V, transposeB: boolean) => V;
  /** Another handle on a value that is read again later, for libraries whose functions consume theirs. */
  readonly share: (value: V) => V;
}

export interface ConvTask<V> extends ConvGeometry {
  readonly pads: Pads;
  readonly bias: V | null;
  readonly activation: Activation | null;
}

/** From images to logits [N, classes]. */
export type RivalModel<V> = (images: V) => V;

export function translateModel<V>(graph: Graph, ops: RivalOps<V>): RivalModel<V> {
  const filters = new Set(
    graph.nodes.flatMap((node) => (node.kind === 'conv' ? [node.inputs.w] : [])),
  );
  const weights = [...graph.constants].map(([id, value]): [ValueId, V] => {
    if (filters.has(id)) return [id, ops.weight(value, 'filter')];
    const { dtype, shape, data } = value;
    if (shape.length === 3) return [id, ops.weight(tensor(dtype, [1, ...shape], data), 'image')];
    return [id, ops.weight(value, shape.length === 4 ? 'image' : 'plain')];
  });
  return (images) => {
    const translation = new Translation(graph, ops, weights);
    return translation.run(images);
  };
}

class Translation<V> {
  readonly #graph: Graph;
  readonly #ops: RivalOps<V>;
  readonly #values: Map<ValueId, V>;
  readonly #readsLeft = new Map<ValueId, number>();
  readonly #fixed: ReadonlySet<ValueId>;

  constructor(graph: Graph, ops: RivalOps<V>, weights: readonly (readonly [ValueId, V])[]) {
    this.#graph = graph;
    this.#ops = ops;
    this.#values = new Map(weights);
    this.#fixed = new Set(graph.constants.keys());
    for (const id of graph.nodes.flatMap(inputIds)) {
      this.#readsLeft.set(id, (this.#readsLeft.get(id) ?? 0) + 1);
    }
  }

  run(images: V): V {
    this.#values.set(this.#graph.inputs[0]!.id, images);
    for (const node of this.#graph.nodes) {
      if (!this.#values.has(node.output)) this.#values.set(node.output, this.#evaluate(node));
    }
    return this.#values.get(this.#graph.outputs[0]!.id)!;
  }

  #read(id: ValueId): V {
    const left = this.#readsLeft.get(id)! - 1;
    this.#readsLeft.set(id, left);
    const value = this.#values.get(id)!;
    return left > 0 || this.#fixed.has(id) ? this.#ops.share(value) : value;
  }

  #evaluate(node: Node): V {
    const rule = this.#rules()[node.kind] as ((node: Node) => V) | undefined;
    if (rule === undefined) throw new Error(`no translation of ${node.kind} for rivals`);
    return rule(node);
  }

  #rules(): { readonly [K in OpKind]?: (node: NodeOf<K>) => V } {
    const ops = this.#ops;
    const read = (id: ValueId): V => this.#read(id);
    type Binary = NodeOf<'add'> | NodeOf<'sub'> | NodeOf<'mul'> | NodeOf<'div'>;
    const binary = ({ kind, inputs }: Binary): V =>
      ops.binary(kind, read(inputs.a), read(inputs.b));
    return {
      ...{ add: binary, sub: binary, mul: binary, div: binary },
      conv: (node) => this.#conv(node),
      max_pool: (node) => ops.maxPool(read(node.inputs.x), unpadded(this.#graph, node)),
      avg_pool: (node) => ops.avgPool(read(node.inputs.x), unpadded(this.#graph, node)),
      pad: (node) => ops.padImage(read(node.inputs.x), zerosAround(node)),
      relu: ({ inputs }) => ops.relu(read(inputs.x)),
      clip: ({ inputs, attrs }) => ops.clip(read(inputs.x), attrs.min, attrs.max),
      reduce_sum: ({ inputs, attrs: { axes } }) => {
        if (axes.join() !== '2,3') throw new Error(`no translation of sums over ${axes.join()}`);
        return ops.sumPixels(read(inputs.x));
      },
      reshape: ({ inputs, attrs: { shape } }) => {
        if (shape.length !== 2) throw new Error('no translation of reshape but to [N, values]');
        return ops.flatten(read(inputs.x));
      },
      matmul: ({ inputs, attrs: { transposeA, transposeB } }) => {
        if (transposeA) throw new Error('no translation of products with a transposed batch');
        return ops.matmul(read(inputs.a), read(inputs.b), transposeB);
      },
    };
  }

  /** A convolution together with the activation that alone reads it. */
  #conv(node: NodeOf<'conv'>): V {
    const [x, w] = [this.#read(node.inputs.x), this.#read(node.inputs.w)];
    const { bias } = node.inputs;
    const reader = onlyReader(this.#graph, node.output);
    const activation = reader === null ? null : activationOf(reader);
    const result = this.#ops.conv(x, w, {
      ...node.attrs,
      pads: padsOf(this.#graph, node),
      bias: bias === undefined ? null : this.#read(bias),
      activation,
    });
    if (activation !== null) this.#values.set(reader!.output, result);
    return result;
  }
}

function onlyReader(graph: Graph, id: ValueId): Node | null {
  const readers = graph.nodes.filter((node) => inputIds(node).includes(id));
  return readers.length === 1 ? readers[0]! : null;
}

function activationOf(node: Node): Activation | null {
  if (node.kind === 'relu') return 'relu';
  return node.kind === 'clip' && node.attrs.min === 0 && node.attrs.max === 6 ? 'relu6' : null;
}

type Windowed = NodeOf<'conv'> | NodeOf<'max_pool'> | NodeOf<'avg_pool'>;

function padsOf(graph: Graph, { inputs, attrs }: Windowed): Pads {
  const { kernel, strides, dilations, padsBegin, outputSize } = attrs;
  if (dilations.some((d) => d !== 1)) throw new Error('no translation of dilations for rivals');
  const sizes = typeOf(graph, inputs.x).shape.slice(2) as number[];
  const [rows, columns] = sizes.map((size, axis): Pad => {
    const [before, stride] = [padsBegin[axis]!, strides[axis]!];
    const covered = (outputSize[axis]! - 1) * stride + kernel[axis]!;
    const needed = Math.max(0, covered - size - before);
    // As much after as before where no window reaches the difference.
    return [before, needed <= before && before < needed + stride ? before : needed];
  });
  return [rows!, columns!];
}

function unpadded(graph: Graph, node: NodeOf<'max_pool'> | NodeOf<'avg_pool'>): WindowGeometry {
  if (
    padsOf(graph, node)
      .flat()
      .every((pad) => pad === 0)
  )
    return node.attrs;
  throw new Error(`no translation of padded ${node.kind} "${node.label}" for rivals`);
}

function zerosAround({ attrs: { before, after, value }, label }: NodeOf<'pad'>): Pads {
  if (
    value !== 0 ||
    before
      .slice(0, 2)
      .concat(after.slice(0, 2))
      .some((size) => size !== 0)
  ) {
    throw new Error(`no translation of pad "${label}" for rivals`);
  }
  return [
    [before[2]!, after[2]!],
    [before[3]!, after[3]!],
  ];
}
