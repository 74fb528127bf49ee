// Softmax along one axis. Its gradient needs the output only: dx = y · (dy − Σ dy·y).
import { elementCount, normalizeAxis } from '../core/shape.ts';
import { allocate, tensor } from '../core/tensor.ts';
import { callKernel, defineKernel, type KernelCall } from '../kernels/kernel.ts';
import { costOf, elementsPerRow, workOverRows } from './lowering.ts';
import type { LowerContext, OpDef, OpFamily } from './op-def.ts';
import { refuse, requireFloat } from './refusal.ts';

export const softmaxKernel = defineKernel({
  file: 'softmax/softmax.wgsl',
  constants: [],
  slots: [],
  buffers: ['x', 'y'],
  params: ['unit', 'length', 'inner'],
});

const WORKGROUP = 64;
/** Of an element: the maximum, its difference, the exponential, the sum, the quotient. */
const OPERATIONS = 5;

const softmax: OpDef<'softmax'> = {
  infer: ({ x }, { axis }, label) => {
    requireFloat('softmax', label, { x });
    const dim = x.shape[normalizeAxis(axis, x.shape.length)];
    if (typeof dim !== 'number') refuse('softmax', label, `x has no fixed axis ${axis}`, { x });
    return x;
  },
  vjp: ({ output: y, attrs: { axis } }, dy, { emit, typeOf }) => {
    const axes = [normalizeAxis(axis, typeOf(y).shape.length)];
    const mean = emit('reduce_sum', { x: emit('mul', { a: dy, b: y }, {}) }, { axes });
    return { x: emit('mul', { a: y, b: emit('sub', { a: dy, b: mean }, {}) }, {}) };
  },
  evaluate: ({ x }, { axis }) => {
    const at = normalizeAxis(axis, x.shape.length);
    const [length, inner] = [x.shape[at]!, elementCount(x.shape.slice(at + 1))];
    const y = allocate('float32', x.data.length, true);
    for (let line = 0; line < y.length / length; line++) {
      const first = Math.floor(line / inner) * length * inner + (line % inner);
      const places = Array.from({ length }, (_, k) => first + k * inner);
      const largest = Math.max(...places.map((place) => x.data[place]!));
      for (const place of places) y[place] = Math.exp(x.data[place]! - largest);
      const sum = places.reduce((total, place) => total + y[place]!, 0);
      for (const place of places) y[place]! /= sum;
    }
    return tensor('float32', x.shape, y);
  },
  lower: lowerSoftmax,
};

function lowerSoftmax({ node, inputs: { x }, output }: LowerContext<'softmax'>): KernelCall[] {
  const axis = normalizeAxis(node.attrs.axis, x.shape.length);
  const length = x.shape[axis]!;
  // Lines of the axis for each index of the first one, which may itself be the axis.
  const inner = elementCount(x.shape.slice(axis + 1));
  const work =
    axis === 0
      ? { unit: inner, batch: null, perGroup: WORKGROUP }
      : workOverRows(output, elementsPerRow(x.shape) / length, WORKGROUP);
  return [
    callKernel(softmaxKernel, {
      buffers: { x: x.buffer, y: output.buffer },
      params: { unit: work.unit, length, inner },
      work,
      cost: costOf(OPERATIONS, output, [x, output]),
    }),
  ];
}

export const softmaxOps: OpFamily<'softmax'> = { softmax };
