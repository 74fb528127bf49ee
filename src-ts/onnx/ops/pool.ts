// Pools over windows and over whole images.
import { elementCount, formatShape, isStatic } from '../../core/shape.ts';
import { tensor } from '../../core/tensor.ts';
import type { WindowGeometry } from '../../graph/op-set.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { constantValue, type Value } from '../value.ts';
import { add, axesFrom, div, mean, mul, sub } from './compose.ts';
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
    return pooledWithIndices(X, window, storage_order, at);
  },
);

/** The maxima, and where in the whole tensor they are when the node has that output too. */
function pooledWithIndices(
  x: Value,
  window: WindowGeometry,
  columnsFirst: number,
  at: NodeContext,
): Value | Value[] {
  const { dtype, shape } = x.type;
  if (dtype !== 'float32') {
    const pooled = maxPool(at.emit('cast', { x }, { to: 'float32' }), window, at);
    return at.emit('cast', { x: pooled }, { to: dtype });
  }
  const y = maxPool(x, window, at);
  if (at.outputCount === 1 || !isStatic(shape) || shape.length > 4) return y;
  const plane = elementCount(shape.slice(2));
  const inPlane = at.emit('max_pool_argmax', { x }, window);
  const starts = Int32Array.from({ length: elementCount(shape.slice(0, 2)) }, (_, i) => i * plane);
  const form = [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)];
  const index = columnsFirst === 0 ? inPlane : byColumns(inPlane, shape, at);
  const whole = add(index, constantValue(tensor('int32', form, starts)), at);
  return [y, at.emit('cast', { x: whole }, { to: 'int64' })];
}

/** Flat indices of a plane counted down its columns. */
function byColumns(index: Value, shape: readonly number[], at: NodeContext): Value {
  const [height, width] = [shape[2]!, shape[3] ?? 1];
  const row = div(index, width, at);
  const column = sub(index, mul(row, width, at), at);
  return add(mul(column, height, at), row, at);
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
