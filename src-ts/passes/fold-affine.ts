// Folds factors and sums per channel that follow a convolution or a matrix product into its weights:
// what batch normalisation is at inference. A chain of them becomes one factor s and one sum t,
//   s ∘ (w ∗ x + b) + t  =  (s ∘ w) ∗ x + (s ∘ b + t),
// computed in float64 and rounded once. Only values with a single reader take part.
import { elementCount, sameShape, type Shape } from '../core/shape.ts';
import { floatTensor, type Tensor } from '../core/tensor.ts';
import { inputIds, typeOf, type Graph, type Node, type NodeOf } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder, mapInputs } from '../ops/builder.ts';

type Linear = NodeOf<'conv'> | NodeOf<'matmul'>;

/** y = scale ∘ x + shift, per channel. */
interface Affine {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

interface Chain {
  readonly linear: Linear;
  readonly weight: Tensor;
  readonly affine: Affine;
  /** The nodes folded away, in order. */
  readonly steps: readonly Node[];
}

/** The same function with per-channel factors and sums moved into the weights before them. */
export function foldAffine(graph: Graph): Graph {
  const readers = readersOf(graph);
  const chains = graph.nodes.flatMap((node) => findChain(graph, node, readers) ?? []);
  if (chains.length === 0) return graph;
  const byHead = new Map(chains.map((chain) => [chain.linear.output, chain]));
  const folded = new Set(chains.flatMap(({ steps }) => steps.map(({ output }) => output)));
  return rebuild(graph, (node) => {
    if (folded.has(node.output)) return 'folded';
    return byHead.get(node.output) ?? null;
  });
}

/** The single node that reads each value; null when there are several, or it is an output. */
function readersOf(graph: Graph): ReadonlyMap<ValueId, Node | null> {
  const readers = new Map<ValueId, Node | null>();
  for (const node of graph.nodes) {
    for (const id of inputIds(node)) readers.set(id, readers.has(id) ? null : node);
  }
  for (const { id } of graph.outputs) readers.set(id, null);
  return readers;
}

function findChain(
  graph: Graph,
  node: Node,
  readers: ReadonlyMap<ValueId, Node | null>,
): Chain | null {
  if (node.kind !== 'conv' && node.kind !== 'matmul') return null;
  const weight = graph.constants.get(node.kind === 'conv' ? node.inputs.w : node.inputs.b);
  const bias = node.kind === 'conv' ? node.inputs.bias : undefined;
  const biasTensor = bias === undefined ? null : graph.constants.get(bias);
  if (weight === undefined || biasTensor === undefined) return null;
  if (node.kind === 'matmul' && weight.shape.length !== 2) return null;
  const { shape } = typeOf(graph, node.output);
  const axis = node.kind === 'conv' ? 1 : shape.length - 1;
  const channels = shape[axis];
  if (typeof channels !== 'number') return null;
  const start: Affine = {
    scale: new Array<number>(channels).fill(1),
    shift: biasTensor === null ? new Array<number>(channels).fill(0) : [...biasTensor.data],
  };
  const { affine, steps } = followChain(graph, node.output, axis, start, readers);
  const finite = [...affine.scale, ...affine.shift].every(Number.isFinite);
  const worthwhile = node.kind === 'conv' ? steps.length > 0 : steps.length > 1;
  return finite && worthwhile ? { linear: node, weight, affine, steps } : null;
}

function followChain(
  graph: Graph,
  from: ValueId,
  axis: number,
  start: Affine,
  readers: ReadonlyMap<ValueId, Node | null>,
): { affine: Affine; steps: readonly Node[] } {
  const { shape } = typeOf(graph, from);
  const steps: Node[] = [];
  let affine = start;
  let value = from;
  for (;;) {
    const node = readers.get(value);
    if (!node || !sameShape(typeOf(graph, node.output).shape, shape)) break;
    const next = applyStep(graph, node, value, affine, shape, axis);
    if (next === null) break;
    affine = next;
    steps.push(node);
    value = node.output;
  }
  return { affine, steps };
}

/** The affine map with one more node applied; null when the node is of another kind. */
function applyStep(
  graph: Graph,
  node: Node,
  value: ValueId,
  { scale, shift }: Affine,
  shape: Shape,
  axis: number,
): Affine | null {
  if (node.kind !== 'add' && node.kind !== 'sub' && node.kind !== 'mul' && node.kind !== 'div') {
    return null;
  }
  const first = node.inputs.a === value;
  const constant = graph.constants.get(first ? node.inputs.b : node.inputs.a);
  const by = constant === undefined ? null : perChannel(constant, shape, axis);
  if (by === null) return null;
  switch (node.kind) {
    case 'add':
      return { scale, shift: shift.map((t, c) => t + by(c)) };
    case 'sub':
      return first
        ? { scale, shift: shift.map((t, c) => t - by(c)) }
        : { scale: scale.map((s) => -s), shift: shift.map((t, c) => by(c) - t) };
    case 'mul':
      return { scale: scale.map((s, c) => s * by(c)), shift: shift.map((t, c) => t * by(c)) };
    case 'div':
      if (!first) return null;
      return { scale: scale.map((s, c) => s / by(c)), shift: shift.map((t, c) => t / by(c)) };
  }
}

/** A constant as a number per channel; null when it varies along anything else. */
function perChannel(
  { shape, data }: Tensor,
  against: Shape,
  axis: number,
): ((channel: number) => number) | null {
  if (shape.length > against.length) return null;
  if (elementCount(shape) === 1) return () => data[0]!;
  const lead = against.length - shape.length;
  const varies = shape.flatMap((dim, i) => (dim === 1 ? [] : [i + lead]));
  return varies.length === 1 && varies[0] === axis ? (channel) => data[channel]! : null;
}

type Choice = (node: Node) => Chain | 'folded' | null;

function rebuild(graph: Graph, choose: Choice): Graph {
  const builder = new GraphBuilder();
  const moved = new Map<ValueId, ValueId>();
  const at = (id: ValueId): ValueId => {
    const known = moved.get(id);
    if (known !== undefined) return known;
    const id_ = builder.constant(graph.constants.get(id)!);
    moved.set(id, id_);
    return id_;
  };
  for (const { name, id } of graph.inputs) moved.set(id, builder.input(name, typeOf(graph, id)));
  for (const node of graph.nodes) {
    const choice = choose(node);
    if (choice === 'folded') continue;
    if (choice === null) {
      const inputs = mapInputs(node.inputs, at) as never;
      moved.set(node.output, builder.emit(node.kind, inputs, node.attrs, node.label));
    } else moved.set(choice.steps.at(-1)!.output, emitFolded(builder, choice, at));
  }
  for (const { name, id } of graph.outputs) builder.output(name, at(id));
  return builder.finish();
}

function emitFolded(
  builder: GraphBuilder,
  { linear, weight, affine, steps }: Chain,
  at: (id: ValueId) => ValueId,
): ValueId {
  const shift = builder.constant(floatTensor([affine.shift.length], affine.shift));
  if (linear.kind === 'conv') {
    const perOutput = weight.data.length / affine.scale.length;
    const w = scaled(weight, (i) => affine.scale[Math.floor(i / perOutput)]!);
    const inputs = { x: at(linear.inputs.x), w: builder.constant(w), bias: shift };
    return builder.emit('conv', inputs, linear.attrs, linear.label);
  }
  const columns = weight.shape[1]!;
  const channelOf = linear.attrs.transposeB
    ? (i: number): number => Math.floor(i / columns)
    : (i: number): number => i % columns;
  const b = scaled(weight, (i) => affine.scale[channelOf(i)]!);
  const inputs = { a: at(linear.inputs.a), b: builder.constant(b) };
  const product = builder.emit('matmul', inputs, linear.attrs, linear.label);
  const label = steps.find(({ kind }) => kind === 'add')?.label ?? linear.label;
  return builder.emit('add', { a: product, b: shift }, {}, label);
}

function scaled(weight: Tensor, by: (index: number) => number): Tensor {
  const data = new Float32Array(weight.data.length);
  for (let i = 0; i < data.length; i++) data[i] = weight.data[i]! * by(i);
  return floatTensor(weight.shape, data);
}
