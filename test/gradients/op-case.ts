// One op with its inputs, and the graphs of its gradient: by itself, over a batch of images, and with
// pairs of image and cotangent folded into that batch.
import {
  batchDim,
  elementCount,
  findBatch,
  resolveShape,
  type Dim,
  type StaticShape,
} from '../../src-ts/core/shape.ts';
import { allocate, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { randomTensor } from '../reference/random.ts';

export interface OpCase<K extends OpKind> {
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** What the op is told, with the batch as a number or as a symbol. */
  readonly attrs: (rows: Dim) => OpAttrs<K>;
  /** Inputs whose first axis is the batch of images; all images share the others, as parameters. */
  readonly batched: readonly string[];
  /** Inputs to differentiate by; all float32 inputs when absent. */
  readonly wrt?: readonly string[];
}

/** The batch as a number, as a symbol, or as a symbol that pairs read through an owner table. */
export type Mode = 'fixed' | 'batched' | 'folded';

export function wrtOf({ inputs, wrt }: OpCase<OpKind>): readonly string[] {
  return wrt ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'float32');
}

/** How many images a case has: the first axis of its batched inputs. */
export function imagesOf({ inputs, batched }: OpCase<OpKind>): number {
  const [name] = batched;
  return name === undefined ? 0 : inputs[name]!.shape[0]!;
}

interface Forward {
  readonly builder: GraphBuilder;
  readonly ids: Readonly<Record<string, ValueId>>;
  readonly output: ValueId;
}

function enter(kind: OpKind, each: OpCase<OpKind>, mode: Mode): Forward {
  const builder = new GraphBuilder();
  const rows: Dim = mode === 'fixed' ? imagesOf(each) : batchDim('N');
  const entries = Object.entries(each.inputs).map(([name, { dtype, shape }]) => {
    const withRows = each.batched.includes(name) ? [rows, ...shape.slice(1)] : shape;
    return [name, builder.input(name, { dtype, shape: withRows })] as const;
  });
  const ids = Object.fromEntries(entries);
  const inputs = ids as unknown as OpInputs<OpKind>;
  return { builder, ids, output: builder.emit(kind, inputs, each.attrs(rows)) };
}

/** The op alone; its value is output `y`. */
export function forwardGraph(kind: OpKind, each: OpCase<OpKind>): Graph {
  const { builder, output } = enter(kind, each, 'fixed');
  builder.output('y', output);
  return builder.finish();
}

/** Inputs `cotangent` (and `owner`) beside those of the op; an output `d x` for each gradient there is. */
export function gradientGraph(kind: OpKind, each: OpCase<OpKind>, mode: Mode): Graph {
  const { builder, ids, output } = enter(kind, each, mode);
  const { shape } = builder.typeOf(output);
  const ofPairs = shape.map((dim) => (typeof dim === 'number' ? dim : { ...dim, symbol: 'P' }));
  const seedShape = mode === 'folded' ? ofPairs : shape;
  const cotangent = builder.input('cotangent', { dtype: 'float32', shape: seedShape });
  const request = {
    seeds: [{ of: output, cotangent }],
    wrt: wrtOf(each).map((name) => ids[name]!),
  };
  const owner = (): ValueId => builder.input('owner', { dtype: 'int32', shape: [batchDim('P')] });
  const found =
    mode === 'folded'
      ? gradient(builder, { ...request, owner: { index: owner(), symbol: 'N' } })
      : gradient(builder, request);
  for (const [k, name] of wrtOf(each).entries()) {
    const id = found[k];
    if (id !== null && id !== undefined) builder.output(`d ${name}`, id);
  }
  return builder.finish();
}

/** Whether the op's value has a row for each image, so that pairs can be folded into it. */
export function canFold(kind: OpKind, each: OpCase<OpKind>): boolean {
  if (each.batched.length === 0) return false;
  const { builder, output } = enter(kind, each, 'batched');
  return findBatch(builder.typeOf(output).shape) !== null;
}

/** What gradientGraph is fed with for pairs of cotangent and image, and for each pair alone. */
export interface Pairs {
  readonly together: Readonly<Record<string, Tensor>>;
  readonly alone: readonly Readonly<Record<string, Tensor>>[];
}

export function pairsOf(kind: OpKind, each: OpCase<OpKind>, owners: readonly number[]): Pairs {
  const graph = gradientGraph(kind, each, 'folded');
  const type = typeOf(graph, graph.inputs.find(({ name }) => name === 'cotangent')!.id);
  const { axis, dim } = findBatch(type.shape)!;
  const cotangent = randomTensor(resolveShape(type.shape, { P: owners.length }), 99);
  return {
    together: { ...each.inputs, cotangent, owner: intTensor([owners.length], owners) },
    alone: owners.map((image, pair) => ({
      ...each.inputs,
      ...Object.fromEntries(
        each.batched.map((name) => [name, blockOf(each.inputs[name]!, 0, image, 1)]),
      ),
      cotangent: blockOf(cotangent, axis, pair, dim.times),
    })),
  };
}

/** Block `at` of `width` rows along an axis. */
export function blockOf(x: Tensor, axis: number, at: number, width: number): Tensor {
  const shape: StaticShape = x.shape.with(axis, width);
  const inner = elementCount(x.shape.slice(axis + 1));
  const outer = elementCount(x.shape.slice(0, axis));
  const data = allocate(x.dtype, elementCount(shape), x.data instanceof Float64Array);
  for (let o = 0; o < outer; o++) {
    const from = (o * x.shape[axis]! + at * width) * inner;
    data.set(x.data.subarray(from, from + width * inner), o * width * inner);
  }
  return tensor(x.dtype, shape, data);
}

/** A case in words, for messages. */
export function describeCase(kind: OpKind, each: OpCase<OpKind>): string {
  const inputs = Object.entries(each.inputs).map(([name, { dtype, shape }]) => {
    const mark = each.batched.includes(name) ? 'N=' : '';
    return `${name} ${dtype}[${mark}${shape.join(', ')}]`;
  });
  const attrs = JSON.stringify(each.attrs(imagesOf(each)));
  return `${kind}(${inputs.join(', ')}) ${attrs}`;
}
