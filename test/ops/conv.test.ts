import { describe, expect, it } from 'vitest';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { ConvGeometry } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const geometry: ConvGeometry = {
  kernel: [2, 2],
  strides: [1, 1],
  dilations: [1, 1],
  padsBegin: [0, 0],
  outputSize: [2, 2],
  groups: 1,
};

describe('conv', () => {
  const x = floatTensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const w = floatTensor([1, 1, 2, 2], [1, 0, 0, -1]);

  it('slides the kernel over the plane without turning it over', () => {
    const y = evaluateOp('conv', { x, w }, geometry);
    expect([...y.data]).toEqual([1 - 5, 2 - 6, 4 - 8, 5 - 9]);
  });

  it('adds one bias per output channel', () => {
    const bias = floatTensor([1], [10]);
    const y = evaluateOp('conv', { x, w, bias }, geometry);
    expect([...y.data]).toEqual([6, 6, 6, 6]);
  });

  it('reads zeros outside the plane; the padding after follows from the output size', () => {
    const attrs = { ...geometry, strides: [2, 2], padsBegin: [1, 1], outputSize: [2, 2] };
    const y = evaluateOp('conv', { x, w }, attrs);
    expect([...y.data]).toEqual([-1, -3, -7, 5 - 9]);
  });

  it('keeps groups of channels apart', () => {
    const two = floatTensor([1, 2, 1, 2], [1, 2, 3, 4]);
    const filters = floatTensor([2, 1, 1, 1], [10, 100]);
    const attrs = { ...geometry, kernel: [1, 1], outputSize: [1, 2], groups: 2 };
    const y = evaluateOp('conv', { x: two, w: filters }, attrs);
    expect([...y.data]).toEqual([10, 20, 300, 400]);
  });

  it('refuses a weight that reads other channels than x has', () => {
    const builder = new GraphBuilder();
    const image = builder.input('x', { dtype: 'float32', shape: [1, 64, 28, 28] });
    const filters = builder.constant(randomTensor([256, 128, 3, 3], 1));
    const attrs = { ...geometry, kernel: [3, 3], outputSize: [26, 26] };
    const inputs = { x: image, w: filters };
    expect(() => builder.emit('conv', inputs, attrs, 'layer3.0.conv2')).toThrow(
      'conv "layer3.0.conv2": weight reads 128 × 1 group = 128 channels but x has 64\n' +
        '  x: float32[1, 64, 28, 28]\n' +
        '  w: float32[256, 128, 3, 3]',
    );
  });

  it('refuses a kernel, a bias, a rank and groups that do not fit', () => {
    const refusal = (
      xShape: number[],
      wShape: number[],
      attrs: ConvGeometry,
      biasShape?: number[],
    ): (() => unknown) => {
      const builder = new GraphBuilder();
      const enter = (name: string, shape: number[]) =>
        builder.input(name, { dtype: 'float32', shape });
      const inputs = { x: enter('x', xShape), w: enter('w', wShape) };
      const all = biasShape === undefined ? inputs : { ...inputs, bias: enter('bias', biasShape) };
      return () => builder.emit('conv', all, attrs);
    };
    expect(refusal([1, 1, 3, 3], [1, 1, 3, 2], geometry)).toThrow(
      'conv: the spatial size of w must be 2 × 2, not 3 × 2\n  x: float32[1, 1, 3, 3]',
    );
    expect(refusal([1, 1, 3, 3], [4, 1, 2, 2], geometry, [3])).toThrow(
      'conv: bias must hold 4 numbers, one per output channel',
    );
    expect(refusal([1, 1, 3], [4, 1, 2, 2], geometry)).toThrow(
      'conv: x must be [N, C] and 2 spatial axes, but has rank 3',
    );
    expect(refusal([1, 2, 3, 3], [3, 1, 2, 2], { ...geometry, groups: 2 })).toThrow(
      'conv: 3 output channels do not divide into 2 groups',
    );
  });
});

const uneven: ConvGeometry = {
  kernel: [3, 2],
  strides: [2, 1],
  dilations: [1, 2],
  padsBegin: [1, 0],
  outputSize: [3, 3],
  groups: 2,
};
const line: ConvGeometry = {
  kernel: [3],
  strides: [2],
  dilations: [1],
  padsBegin: [1],
  outputSize: [3],
  groups: 1,
};
const volume: ConvGeometry = {
  kernel: [2, 2, 1],
  strides: [1, 2, 1],
  dilations: [1, 1, 1],
  padsBegin: [0, 1, 0],
  outputSize: [2, 2, 2],
  groups: 1,
};
const SHAPES = [
  {
    name: 'groups, stride, dilation',
    ...{ attrs: uneven, x: [2, 4, 5, 5], w: [6, 2, 3, 2], y: [2, 6, 3, 3] },
  },
  { name: 'one spatial axis', attrs: line, x: [2, 2, 6], w: [3, 2, 3], y: [2, 3, 3] },
  {
    name: 'three spatial axes',
    ...{ attrs: volume, x: [1, 2, 3, 3, 2], w: [2, 2, 2, 2, 1], y: [1, 2, 2, 2, 2] },
  },
];

checkGradients(
  'conv',
  SHAPES.map(({ name, attrs, x, w }) => ({
    ...{ name, attrs },
    inputs: { x: randomTensor(x, 1), w: randomTensor(w, 2), bias: randomTensor([w[0]!], 3) },
  })),
);
checkGradients(
  'conv_input_grad',
  SHAPES.map(({ name, attrs, x, w, y }) => ({
    name,
    attrs: { ...attrs, inputSize: x.slice(2) },
    inputs: { dy: randomTensor(y, 1), w: randomTensor(w, 2) },
  })),
);
checkGradients(
  'conv_weight_grad',
  SHAPES.map(({ name, attrs, x, w, y }) => ({
    name,
    attrs: { ...attrs, weightShape: w },
    inputs: { x: randomTensor(x, 1), dy: randomTensor(y, 2) },
  })),
);
