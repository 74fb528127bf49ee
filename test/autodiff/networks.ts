// Networks whose gradients are tested: each crosses many rules, and holds its batch in many ways.
import { batchDim, type Shape } from '../../src-ts/core/shape.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { randomTensor } from '../reference/random.ts';

export const CLASSES = 5;
export const IMAGE = [2, 4, 4] as const;

/** Builds logits [N, CLASSES] from an image [N, 2, 4, 4]; weights come from `weight`. */
type Network = (b: GraphBuilder, image: ValueId, weight: Weight) => ValueId;
type Weight = (name: string, ...shape: number[]) => ValueId;

const N = batchDim('N');
const times = (count: number): Shape[number] => batchDim('N', count);
const reshape = (b: GraphBuilder, x: ValueId, ...shape: Shape): ValueId =>
  b.emit('reshape', { x }, { shape });
const matmul = (b: GraphBuilder, a: ValueId, w: ValueId, transposeB = false): ValueId =>
  b.emit('matmul', { a, b: w }, { transposeA: false, transposeB });

const convolution: Network = (b, image, weight) => {
  const geometry = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padsBegin: [1, 1] };
  const conv = { ...geometry, outputSize: [4, 4], groups: 1 };
  const w = weight('kernel', 4, 2, 3, 3);
  const seen = b.emit('conv', { x: image, w, bias: weight('bias', 4) }, conv, 'conv1');
  const active = b.emit('leaky_relu', { x: seen }, { alpha: 0.1 });
  const depthwise = { ...conv, groups: 4 };
  const deep = b.emit('conv', { x: active, w: weight('deep', 4, 1, 3, 3) }, depthwise);
  const joined = b.emit('add', { a: deep, b: active }, {}); // a residual: two uses
  const halves = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padsBegin: [0, 0] };
  const most = b.emit('max_pool', { x: joined }, { ...halves, outputSize: [2, 2] });
  const padding = { divisor: 'valid', padsEnd: [0, 0] } as const;
  const mean = b.emit('avg_pool', { x: joined }, { ...halves, ...padding, outputSize: [2, 2] });
  const both = b.emit('concat', { x0: most, x1: mean }, { axis: 1 });
  const scaled = b.emit('mul', { a: both, b: weight('scale', 8, 1, 1) }, {});
  const hidden = b.emit('tanh', { x: reshape(b, scaled, N, 32) }, {});
  return b.emit(
    'add',
    { a: matmul(b, hidden, weight('head', 32, CLASSES)), b: weight('shift', CLASSES) },
    {},
  );
};

/** The batch goes to the second axis, into 4·N rows, and into matrices. */
const attention: Network = (b, image, weight) => {
  const tokens = reshape(b, image, N, 4, 8);
  const turned = b.emit('transpose', { x: tokens }, { perm: [1, 0, 2] }); // [4, N, 8]
  const bent = b.emit(
    'tanh',
    { x: b.emit('mul', { a: turned, b: weight('position', 4, 1, 8) }, {}) },
    {},
  );
  const squared = b.emit('mul', { a: bent, b: bent }, {});
  const back = b.emit('transpose', { x: squared }, { perm: [1, 0, 2] });
  const rows = reshape(b, back, times(4), 8);
  const projected = b.emit('sigmoid', { x: matmul(b, rows, weight('project', 8, 6)) }, {}); // [4·N, 6]
  const gated = b.emit('mul', { a: projected, b: matmul(b, rows, weight('gate', 8, 6)) }, {});
  const heads = reshape(b, gated, N, 4, 6);
  const scores = matmul(b, heads, heads, true); // [N, 4, 4]
  const shares = b.emit('softmax', { x: scores }, { axis: 2 });
  const mixed = matmul(b, shares, heads);
  const mean = b.emit('reduce_sum', { x: mixed }, { axes: [1] });
  const centred = b.emit('sub', { a: mixed, b: mean }, {});
  return matmul(b, reshape(b, centred, N, 24), weight('head', 24, CLASSES));
};

export const NETWORKS: Readonly<Record<string, Network>> = { convolution, attention };

export interface BuildOptions {
  /** Cotangents have rows for pairs, which find their image through the input `owner`. */
  readonly folded: boolean;
  /** Weights are inputs, and gradients are taken by them too. */
  readonly parameters: boolean;
}

/**
 * The network with its gradient: inputs `image`, `cotangent` (and `owner`), outputs `logits`, `d image`
 * and, by parameters, `d kernel` and so on; and the weights by name.
 */
export function buildGradient(
  name: string,
  { folded, parameters }: BuildOptions,
): { graph: Graph; weights: Record<string, Tensor> } {
  const b = new GraphBuilder();
  const image = b.input('image', { dtype: 'float32', shape: [N, ...IMAGE] });
  const weights: Record<string, Tensor> = {};
  const ids: [string, ValueId][] = [['image', image]];
  const weight: Weight = (key, ...shape) => {
    const value = randomTensor(shape, 100 + Object.keys(weights).length);
    weights[key] = value;
    const id = parameters ? b.input(key, { dtype: 'float32', shape }) : b.constant(value);
    if (parameters) ids.push([key, id]);
    return id;
  };
  const logits = NETWORKS[name]!(b, image, weight);
  b.output('logits', logits);
  const pairs = folded ? batchDim('P') : N;
  const cotangent = b.input('cotangent', { dtype: 'float32', shape: [pairs, CLASSES] });
  const seeds = [{ of: logits, cotangent }];
  const wrt = ids.map(([, id]) => id);
  const found = folded
    ? gradient(b, {
        seeds,
        wrt,
        owner: { index: b.input('owner', { dtype: 'int32', shape: [batchDim('P')] }), symbol: 'N' },
      })
    : gradient(b, { seeds, wrt });
  for (const [k, [key]] of ids.entries()) {
    const id = found[k];
    if (id === null || id === undefined) throw new Error(`no gradient by ${key}`);
    b.output(`d ${key}`, id);
  }
  return { graph: b.finish(), weights };
}

/** Rows of a tensor, by index. */
export function rowsOf({ dtype, shape, data }: Tensor, index: readonly number[]): Tensor {
  const width = data.length / shape[0]!;
  const rows = index.flatMap((row) => [...data.slice(row * width, (row + 1) * width)]);
  return { dtype, shape: [index.length, ...shape.slice(1)], data: Float32Array.from(rows) };
}
