// Pools. A maximum's place is the second output of MaxPool, which counts through images and channels; a
// mean is a sum by a convolution with ones and a table of divisors wherever AveragePool divides by
// something else.
import { elementCount, findBatch, productOf, type Dim, type Shape } from '../../core/shape.ts';
import { floatTensor } from '../../core/tensor.ts';
import type { AvgPoolGeometry, WindowGeometry } from '../../graph/op-set.ts';
import { meetingsOf } from '../../ops/window.ts';
import type { ExportContext, Named } from './export-context.ts';
import type { ExportFamily, ExportRule } from './export-rule.ts';
import { planeOf } from './linear-rules.ts';
import { padWindow, transposedConv } from './windows.ts';

/** The two outputs of MaxPool: values, and places in the whole tensor. */
function maxima(
  x: Named,
  geometry: WindowGeometry,
  at: ExportContext,
): { values: string; places: string; isWhole: boolean } {
  const { kernel, strides, dilations } = geometry;
  const limit = (axis: number): number => kernel[axis]!;
  const padded = padWindow(at, x.name, geometry, planeOf(x), { value: -Infinity, limit });
  const attributes = { kernel_shape: kernel, strides, dilations, pads: padded.pads };
  const [values, places] = at.ops('MaxPool', [padded.x], 2, attributes);
  return { values: values!, places: places!, isWhole: padded.isWhole };
}

const maxPoolArgmax: ExportRule<'max_pool_argmax'> = ({ inputs: { x }, attrs }, at) => {
  const { places, isWhole } = maxima(x, attrs, at);
  if (!isWhole) at.refuse('its padding is not smaller than its windows, or its input is cut');
  const inPlane = at.op('Mod', [places, at.ints([elementCount(planeOf(x))])]);
  return at.cast(inPlane, 'int32');
};

const maxPoolGrad: ExportRule<'max_pool_grad'> = ({ inputs: { dy, argmax }, attrs, type }, at) => {
  const [batch, channels] = dy.type.shape as [Dim, number];
  const flat = (size: readonly number[]): Shape => [batch, channels, elementCount(size)];
  const zeros = at.op('Expand', [at.number(0), at.sizes(flat(attrs.inputSize))]);
  const places = at.reshape(at.as(argmax, 'int64'), flat(attrs.outputSize));
  const shares = at.reshape(dy.name, flat(attrs.outputSize));
  const scattered = at.op('ScatterElements', [zeros, places, shares], {
    axis: 2,
    reduction: 'add',
  });
  return at.reshape(scattered, type.shape);
};

/**
 * AveragePool's padding; null where it would not divide as asked. Sizes rounded up are among that: it is
 * not settled among runtimes whether the padding that adds is counted.
 */
function averagePoolPads(geometry: AvgPoolGeometry, size: readonly number[]): number[] | null {
  const { padsBegin, padsEnd, outputSize, kernel, strides, dilations } = geometry;
  if (dilations.some((step) => step !== 1)) return null;
  const pads = [...padsBegin, ...padsEnd];
  if (pads.some((pad, k) => pad < 0 || pad >= kernel[k % size.length]!)) return null;
  const fits = size.every((length, axis) => {
    const room = length + padsBegin[axis]! + padsEnd[axis]! - kernel[axis]!;
    return Math.floor(room / strides[axis]!) + 1 === outputSize[axis];
  });
  return fits ? pads : null;
}

const avgPool: ExportRule<'avg_pool'> = ({ inputs: { x }, attrs }, at) => {
  const { kernel, strides, dilations, divisor } = attrs;
  const size = planeOf(x);
  const pads = averagePoolPads(attrs, size);
  if (pads !== null) {
    const count_include_pad = divisor === 'padded' ? 1 : 0;
    return at.op('AveragePool', [x.name], {
      kernel_shape: kernel,
      strides,
      pads,
      count_include_pad,
    });
  }
  const padded = padWindow(at, x.name, attrs, size);
  const group = x.type.shape[1] as number;
  const sums = at.op('Conv', [padded.x, onesFilter(group, kernel, at)], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: padded.pads,
    group,
  });
  return at.op('Mul', [sums, shares(attrs, size, at)]);
};

const avgPoolGrad: ExportRule<'avg_pool_grad'> = ({ inputs: { dy }, attrs }, at) => {
  const group = dy.type.shape[1] as number;
  const parts = at.op('Mul', [dy.name, shares(attrs, attrs.inputSize, at)]);
  const ones = onesFilter(group, attrs.kernel, at);
  return transposedConv(at, parts, ones, attrs, group, attrs.inputSize);
};

/** What an element of each window counts for: [1, 1, …outputSize]. */
function shares(geometry: AvgPoolGeometry, size: readonly number[], at: ExportContext): string {
  const { divisor, padsBegin, padsEnd, outputSize } = geometry;
  // Where padding counts, the padded planes are walked as if they were the input.
  const padded = size.map((length, axis) => padsBegin[axis]! + length + padsEnd[axis]!);
  const { output } =
    divisor === 'valid'
      ? meetingsOf(geometry, size)
      : meetingsOf({ ...geometry, padsBegin: padsBegin.map(() => 0) }, padded);
  const counts = new Float64Array(elementCount(outputSize));
  for (const window of output) counts[window]!++;
  return at.store(
    'shares',
    floatTensor(
      [1, 1, ...outputSize],
      counts.map((count) => 1 / count),
    ),
  );
}

function onesFilter(channels: number, kernel: readonly number[], at: ExportContext): string {
  const shape = [channels, 1, ...kernel];
  return at.store('ones', floatTensor(shape, new Float32Array(elementCount(shape)).fill(1)));
}

/** A convolution with ones along the axis, all before it as images and all after it as columns. */
const windowSum: ExportRule<'window_sum'> = ({ inputs: { x }, attrs, type }, at) => {
  const { axis, before, after } = attrs;
  const { shape } = type;
  const inner = shape.slice(axis + 1);
  if (findBatch(inner) !== null) at.refuse('its batch lies behind the axis it sums along');
  const outer = productOf(shape.slice(0, axis));
  const lines = at.reshape(x.name, [outer, 1, shape[axis]!, productOf(inner)]);
  const span = before + after + 1;
  const summed = at.op('Conv', [lines, onesFilter(1, [span, 1], at)], {
    pads: [before, 0, after, 0],
  });
  return at.reshape(summed, shape);
};

export const poolRules: ExportFamily<
  'max_pool' | 'max_pool_argmax' | 'max_pool_grad' | 'avg_pool' | 'avg_pool_grad' | 'window_sum'
> = {
  max_pool: ({ inputs: { x }, attrs }, at) => maxima(x, attrs, at).values,
  max_pool_argmax: maxPoolArgmax,
  max_pool_grad: maxPoolGrad,
  avg_pool: avgPool,
  avg_pool_grad: avgPoolGrad,
  window_sum: windowSum,
};
