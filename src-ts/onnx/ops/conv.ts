// Convolution.
import { defineRule } from '../rule.ts';
import { spatialSizes, windowOf } from './window.ts';

export const Conv = defineRule(
  ['X', 'W', 'B?'],
  {
    auto_pad: 'string',
    dilations: 'ints',
    group: 'int',
    kernel_shape: 'ints',
    pads: 'ints',
    strides: 'ints',
  },
  ({ X, W, B }, { auto_pad = 'NOTSET', dilations, group = 1, kernel_shape, pads, strides }, at) => {
    const weight = at.staticShape(W, 'weight');
    const sizes = spatialSizes(X.type.shape, at);
    const kernel = weight.slice(2);
    if (kernel_shape !== undefined && kernel_shape.join() !== kernel.join()) {
      at.fail(`kernel_shape [${kernel_shape.join(', ')}], the weight has [${kernel.join(', ')}]`);
    }
    if (group < 1) at.fail(`group ${group}`);
    const { padsEnd: _, ...window } = windowOf(
      sizes,
      { kernel, auto_pad, dilations, pads, strides },
      at,
    );
    return at.emit('conv', { x: X, w: W, bias: B }, { ...window, groups: group });
  },
);
