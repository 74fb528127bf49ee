// Pools over windows and over whole images.
import { formatShape } from '../../core/shape.ts';
import { defineRule } from '../rule.ts';
import { axesFrom, mean } from './compose.ts';
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
  ({ X }, { auto_pad = 'NOTSET', ceil_mode = 0, dilations, kernel_shape, pads, strides }, at) => {
    if (kernel_shape === undefined) return at.fail('kernel_shape is missing');
    const sizes = spatialSizes(X.type.shape, at);
    const attributes = { kernel: kernel_shape, auto_pad, ceil_mode, dilations, pads, strides };
    const { padsEnd: _, ...window } = windowOf(sizes, attributes, at);
    return at.emit('max_pool', { x: X }, window);
  },
);

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
    return at.emit('avg_pool', { x: X }, { ...window, divisor });
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
  return at.emit(
    'max_pool',
    { x: X },
    { kernel, strides: ones, dilations: ones, padsBegin: zeros, outputSize: ones },
  );
});
