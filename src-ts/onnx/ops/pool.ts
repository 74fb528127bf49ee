// Pools over windows and over whole images.
import { elementCount, formatShape, productOf, stridesOf } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { add, axesFrom, castTo, div, mean, mul, reshapeTo, rootOfSum, sum } from './compose.ts';
import { avgPool, maxPool } from './more-axes.ts';
import { spatialSizes, windowOf } from './window.ts';

export const MaxPool = defineRule(
  ['X'],
  {
    auto_pad: 'string',
    ceil_mode: 'int',
    dilations: 'ints',
    kernel_shape: 'ints',
    pads: 'ints',
    storage_order: 'int',
    strides: 'ints',
  },
  (
    { X },
    {
      auto_pad = 'NOTSET',
      ceil_mode = 0,
      dilations,
      kernel_shape,
      pads,
      storage_order = 0,
      strides,
    },
    at,
  ) => {
    if (kernel_shape === undefined) return at.fail('kernel_shape is missing');
    const sizes = spatialSizes(X.type.shape, at);
    const attributes = { kernel: kernel_shape, auto_pad, ceil_mode, dilations, pads, strides };
    const { padsEnd: _, ...window } = windowOf(sizes, attributes, at);
    // Integers of up to 24 bits are exact in float32.
    const x = castTo(X, 'float32', at);
    const pooled = castTo(maxPool(x, window, at), X.type.dtype, at);
    if (at.outputCount < 2 || sizes.length > 2) return pooled;
    return [pooled, indicesOf(at.emit('max_pool_argmax', { x }, window), sizes, storage_order, at)];
  },
);

/** Places of maxima in the whole input, from those in their planes; `columnMajor` numbers planes so. */
function indicesOf(
  inPlane: Value,
  sizes: readonly number[],
  columnMajor: number,
  at: NodeContext,
): Value {
  const lead = inPlane.type.shape.slice(0, 2);
  const place = columnMajor === 0 ? inPlane : columnMajorPlace(inPlane, sizes, at);
  const planes = at.emit('iota', {}, { size: productOf(lead) });
  const first = reshapeTo(
    mul(planes, elementCount(sizes), at),
    [...lead, ...sizes.map(() => 1)],
    at,
  );
  return castTo(add(place, first, at), 'int64', at);
}

/** Σ coordinate · stride, the first coordinate varying fastest. */
function columnMajorPlace(place: Value, sizes: readonly number[], at: NodeContext): Value {
  const strides = stridesOf(sizes);
  let total: Value | null = null;
  let stride = 1;
  for (const [axis, size] of sizes.entries()) {
    const beyond = div(place, strides[axis]!, at);
    const coordinate = at.emit('mod', { a: beyond, b: at.number(size, 'int32') }, {});
    const term = mul(coordinate, stride, at);
    total = total === null ? term : add(total, term, at);
    stride *= size;
  }
  return total!;
}

export const AveragePool = defineRule(
  ['X'],
  {
    auto_pad: 'string',
    ceil_mode: 'int',
    count_include_pad: 'int',
    dilations: 'ints',
    kernel_shape: 'ints',
    pads: 'ints',
    strides: 'ints',
  },
  (
    { X },
    {
      auto_pad = 'NOTSET',
      ceil_mode = 0,
      count_include_pad = 0,
      dilations,
      kernel_shape,
      pads,
      strides,
    },
    at,
  ) => {
    if (kernel_shape === undefined) return at.fail('kernel_shape is missing');
    const sizes = spatialSizes(X.type.shape, at);
    const attributes = { kernel: kernel_shape, auto_pad, ceil_mode, dilations, pads, strides };
    const window = windowOf(sizes, attributes, at);
    const divisor = count_include_pad === 0 ? 'valid' : 'padded';
    return avgPool(X, { ...window, divisor }, at);
  },
);

export const GlobalAveragePool = defineRule(['X'], {}, ({ X }, _, at) => {
  spatialSizes(X.type.shape, at);
  return mean(X, axesFrom(2, X.type.shape.length), at);
});

/** One window over the whole image: unlike a maximum reduction, its gradient goes to the first maximum. */
export const GlobalMaxPool = defineRule(['X'], {}, ({ X }, _, at) => {
  const kernel = spatialSizes(X.type.shape, at);
  if (kernel.includes(0)) at.fail(`its input ${formatShape(X.type.shape)} is empty`);
  const ones = kernel.map(() => 1);
  const zeros = kernel.map(() => 0);
  const window = { kernel, strides: ones, dilations: ones, padsBegin: zeros, outputSize: ones };
  return maxPool(X, window, at);
});

/** (Σ |x|^p)^(1/p) over each window. */
export const LpPool = defineRule(
  ['X'],
  {
    auto_pad: 'string',
    ceil_mode: 'int',
    dilations: 'ints',
    kernel_shape: 'ints',
    p: 'int',
    pads: 'ints',
    strides: 'ints',
  },
  (
    { X },
    { auto_pad = 'NOTSET', ceil_mode = 0, dilations, kernel_shape, p = 2, pads, strides },
    at,
  ) => {
    if (kernel_shape === undefined) return at.fail('kernel_shape is missing');
    const sizes = spatialSizes(X.type.shape, at);
    const attributes = { kernel: kernel_shape, auto_pad, ceil_mode, dilations, pads, strides };
    const window = windowOf(sizes, attributes, at);
    // A mean over all taps, times their number; what hangs over the end counts as padding.
    const padsEnd = window.outputSize.map((count, axis) => {
      const span = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
      const end = (count - 1) * window.strides[axis]! + span;
      return Math.max(window.padsEnd[axis]!, end - sizes[axis]! - window.padsBegin[axis]!);
    });
    const geometry = { ...window, padsEnd, divisor: 'padded' } as const;
    const shares = avgPool(powers(X, p, at), geometry, at);
    return rootOf(mul(shares, elementCount(kernel_shape), at), p, at);
  },
);

export const GlobalLpPool = defineRule(['X'], { p: 'int' }, ({ X }, { p = 2 }, at) => {
  spatialSizes(X.type.shape, at);
  return rootOf(sum(powers(X, p, at), axesFrom(2, X.type.shape.length), at), p, at);
});

function powers(x: Value, p: number, at: NodeContext): Value {
  if (!(p >= 1)) return at.fail(`p ${p}`);
  if (p === 2) return mul(x, x, at);
  const magnitude = at.emit('abs', { x }, {});
  return p === 1 ? magnitude : at.emit('power', { x: magnitude }, { exponent: p });
}

function rootOf(x: Value, p: number, at: NodeContext): Value {
  if (p === 1) return x;
  return p === 2 ? rootOfSum(x, at) : at.emit('power', { x }, { exponent: 1 / p });
}
