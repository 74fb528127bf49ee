// Pools over the spatial axes of [N, C, …spatial], and the sum over a window of channels that local
// response normalisation is made of. A max pool's gradient goes where its maximum was, which
// max_pool_argmax says once for all cotangents.
import { elementCount, sameDim, type TensorType } from '../../core/shape.ts';
import { allocate, tensor, type Tensor } from '../../core/tensor.ts';
import type { AvgPoolGeometry, OpKind, WindowGeometry } from '../../graph/op-set.ts';
import type { OpDef, OpFamily } from '../op-def.ts';
import {
  lowerAvgPool,
  lowerAvgPoolGrad,
  lowerMaxPool,
  lowerMaxPoolArgmax,
  lowerMaxPoolGrad,
  lowerWindowSum,
} from './lowering.ts';
import { refuse, requireFloat } from '../refusal.ts';
import { meetingsOf, planesOf, requireSize, windowOf } from '../window.ts';

function inferPool(
  kind: OpKind,
  x: TensorType,
  geometry: WindowGeometry,
  label: string,
): TensorType['shape'] {
  requireFloat(kind, label, { x });
  const { batch, channels } = planesOf(kind, label, { x }, 'x', geometry);
  return [batch, channels, ...geometry.outputSize];
}

/** The shape of a pool's input, from the cotangent of its output. */
function inferPoolGrad(
  kind: OpKind,
  dy: TensorType,
  attrs: WindowGeometry & { readonly inputSize: readonly number[] },
  label: string,
): TensorType {
  requireFloat(kind, label, { dy });
  const { batch, channels, size } = planesOf(kind, label, { dy }, 'dy', attrs);
  requireSize(kind, label, { dy }, 'dy', size, attrs.outputSize);
  return { dtype: 'float32', shape: [batch, channels, ...attrs.inputSize] };
}

const spatialSize = ({ shape }: TensorType): number[] =>
  shape.slice(2).map((dim) => (typeof dim === 'number' ? dim : 0));

const plane = (x: Tensor): number => elementCount(x.shape.slice(2));

const zeros = (shape: readonly number[]): Float64Array => new Float64Array(elementCount(shape));

const maxPool: OpDef<'max_pool'> = {
  infer: ({ x }, geometry, label) => ({
    dtype: 'float32',
    shape: inferPool('max_pool', x, geometry, label),
  }),
  vjp: ({ inputs: { x }, attrs }, dy, { emit, typeOf }) => {
    const argmax = emit('max_pool_argmax', { x }, attrs);
    const inputSize = spatialSize(typeOf(x));
    return { x: emit('max_pool_grad', { dy, argmax }, { ...attrs, inputSize }) };
  },
  evaluate: ({ x }, geometry, { shape }) => {
    const places = placesOfMaxima(x, geometry);
    const size = plane(x);
    const outputs = elementCount(geometry.outputSize);
    const y = Float64Array.from(
      places,
      (place, o) => x.data[Math.floor(o / outputs) * size + place]!,
    );
    return tensor('float32', shape(), y);
  },
  lower: lowerMaxPool,
};

/** For each output its maximum's flat index in the plane. */
function placesOfMaxima(x: Tensor, geometry: WindowGeometry): Int32Array {
  const { count, input, output } = meetingsOf(geometry, x.shape.slice(2));
  const [size, outputs] = [plane(x), elementCount(geometry.outputSize)];
  const planes = x.shape[0]! * x.shape[1]!;
  const places = new Int32Array(planes * outputs).fill(-1);
  for (let p = 0; p < planes; p++) {
    for (let m = 0; m < count; m++) {
      const at = p * outputs + output[m]!;
      const best = places[at]!;
      const beaten = best < 0 || x.data[p * size + input[m]!]! > x.data[p * size + best]!;
      if (beaten) places[at] = input[m]!;
    }
  }
  return places;
}

const maxPoolArgmax: OpDef<'max_pool_argmax'> = {
  infer: ({ x }, geometry, label) => ({
    dtype: 'int32',
    shape: inferPool('max_pool_argmax', x, geometry, label),
  }),
  vjp: 'not differentiable',
  evaluate: ({ x }, geometry, { shape }) => tensor('int32', shape(), placesOfMaxima(x, geometry)),
  lower: lowerMaxPoolArgmax,
};

const maxPoolGrad: OpDef<'max_pool_grad'> = {
  infer: ({ dy, argmax }, attrs, label) => {
    const fits =
      argmax.shape.length === dy.shape.length &&
      argmax.shape.every((dim, axis) => sameDim(dim, dy.shape[axis]!));
    if (!fits || argmax.dtype !== 'int32') {
      refuse('max_pool_grad', label, 'argmax must be int32 in the shape of dy', { dy, argmax });
    }
    return inferPoolGrad('max_pool_grad', dy, attrs, label);
  },
  vjp: 'not differentiable',
  evaluate: ({ dy, argmax }, { inputSize }, { shape }) => {
    const dx = zeros(shape());
    const [size, outputs] = [elementCount(inputSize), plane(dy)];
    for (const [o, place] of argmax.data.entries()) {
      dx[Math.floor(o / outputs) * size + place]! += dy.data[o]!;
    }
    return tensor('float32', shape(), dx);
  },
  lower: lowerMaxPoolGrad,
  viewable: ['argmax'],
  hasEpilogue: true,
};

const avgPoolAttrs = (attrs: AvgPoolGeometry): AvgPoolGeometry => ({
  ...windowOf(attrs),
  divisor: attrs.divisor,
  padsEnd: attrs.padsEnd,
});

const avgPool: OpDef<'avg_pool'> = {
  infer: ({ x }, geometry, label) => ({
    dtype: 'float32',
    shape: inferPool('avg_pool', x, geometry, label),
  }),
  vjp: ({ inputs: { x }, attrs }, dy, { emit, typeOf }) => ({
    x: emit('avg_pool_grad', { dy }, { ...attrs, inputSize: spatialSize(typeOf(x)) }),
  }),
  evaluate: ({ x }, geometry, { shape }) => {
    const y = zeros(shape());
    visitShares(x, geometry, x.shape.slice(2), (i, o, share) => (y[o]! += x.data[i]! * share));
    return tensor('float32', shape(), y);
  },
  lower: lowerAvgPool,
};

const avgPoolGrad: OpDef<'avg_pool_grad'> = {
  infer: ({ dy }, attrs, label) => inferPoolGrad('avg_pool_grad', dy, attrs, label),
  vjp: ({ attrs }, u, { emit }) => ({ dy: emit('avg_pool', { x: u }, avgPoolAttrs(attrs)) }),
  evaluate: ({ dy }, attrs, { shape }) => {
    const dx = zeros(shape());
    visitShares(dy, attrs, attrs.inputSize, (i, o, share) => (dx[i]! += dy.data[o]! * share));
    return tensor('float32', shape(), dx);
  },
  lower: lowerAvgPoolGrad,
  hasEpilogue: true,
};

/** Visits each input element of each window, with its share of the window's mean. */
function visitShares(
  { shape }: Tensor,
  geometry: AvgPoolGeometry,
  inputSize: readonly number[],
  visit: (input: number, output: number, share: number) => void,
): void {
  const { count, input, output } = meetingsOf(geometry, inputSize);
  const [size, outputs] = [elementCount(inputSize), elementCount(geometry.outputSize)];
  const divisors = divisorsOf(geometry, inputSize);
  for (let p = 0; p < shape[0]! * shape[1]!; p++) {
    for (let m = 0; m < count; m++) {
      const o = output[m]!;
      visit(p * size + input[m]!, p * outputs + o, 1 / divisors[o]!);
    }
  }
}

/** What each output is divided by. */
function divisorsOf(geometry: AvgPoolGeometry, inputSize: readonly number[]): Float64Array {
  const { divisor, padsBegin, padsEnd } = geometry;
  const padded = divisor === 'padded';
  // The padded input is an input of its own, with its elements where the padding was.
  const counted = padded
    ? inputSize.map((size, axis) => padsBegin[axis]! + size + padsEnd[axis]!)
    : inputSize;
  const window = padded ? { ...geometry, padsBegin: padsBegin.map(() => 0) } : geometry;
  const divisors = zeros(geometry.outputSize);
  for (const o of meetingsOf(window, counted).output) divisors[o]!++;
  return divisors;
}

const windowSum: OpDef<'window_sum'> = {
  infer: ({ x }, { axis, before, after }, label) => {
    requireFloat('window_sum', label, { x });
    if (axis < 0 || axis >= x.shape.length || typeof x.shape[axis] !== 'number') {
      refuse('window_sum', label, `x has no fixed axis ${axis}`, { x });
    }
    if (before < 0 || after < 0) {
      refuse('window_sum', label, `the window must hold its centre, not ${-before} to ${after}`, {
        x,
      });
    }
    return x;
  },
  vjp: ({ attrs: { axis, before, after } }, dy, { emit }) => ({
    x: emit('window_sum', { x: dy }, { axis, before: after, after: before }),
  }),
  evaluate: ({ x }, { axis, before, after }) => {
    const length = x.shape[axis]!;
    const inner = elementCount(x.shape.slice(axis + 1));
    const y = allocate('float32', x.data.length, true);
    for (let i = 0; i < y.length; i++) {
      const at = Math.floor(i / inner) % length;
      const end = Math.min(at + after, length - 1);
      for (let j = Math.max(at - before, 0); j <= end; j++) y[i]! += x.data[i + (j - at) * inner]!;
    }
    return tensor('float32', x.shape, y);
  },
  lower: lowerWindowSum,
};

export const poolOps: OpFamily<
  'max_pool' | 'max_pool_argmax' | 'max_pool_grad' | 'avg_pool' | 'avg_pool_grad' | 'window_sum'
> = {
  max_pool: maxPool,
  max_pool_argmax: maxPoolArgmax,
  max_pool_grad: maxPoolGrad,
  avg_pool: avgPool,
  avg_pool_grad: avgPoolGrad,
  window_sum: windowSum,
};
