// Convolution and its transpose.
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { add, reshapeTo } from './compose.ts';
import { convolve, convolveBack } from './more-axes.ts';
import { spatialSizes, windowOf } from './window.ts';

export interface ConvAttributes {
  readonly auto_pad?: string;
  readonly dilations?: readonly number[];
  readonly group?: number;
  readonly kernel_shape?: readonly number[];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
}

export const CONV_ATTRIBUTES = {
  auto_pad: 'string',
  dilations: 'ints',
  group: 'int',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
} as const;

/** The convolution that Conv and its quantised forms mean. */
export function convolutionOf(
  x: Value,
  w: Value,
  bias: Value | undefined,
  { auto_pad = 'NOTSET', dilations, group = 1, kernel_shape, pads, strides }: ConvAttributes,
  at: NodeContext,
): Value {
  const sizes = spatialSizes(x.type.shape, at);
  const kernel = kernelOf(w, kernel_shape, at);
  if (group < 1) at.fail(`group ${group}`);
  const attributes = { kernel, auto_pad, dilations, pads, strides };
  const { padsEnd: _, ...window } = windowOf(sizes, attributes, at);
  return convolve(x, w, bias, { ...window, groups: group }, at);
}

function kernelOf(w: Value, declared: readonly number[] | undefined, at: NodeContext): number[] {
  const kernel = at.staticShape(w, 'weight').slice(2);
  if (declared !== undefined && declared.join() !== kernel.join()) {
    at.fail(`kernel_shape [${declared.join(', ')}], the weight has [${kernel.join(', ')}]`);
  }
  return kernel;
}

export const Conv = defineRule(['X', 'W', 'B?'], CONV_ATTRIBUTES, ({ X, W, B }, attributes, at) =>
  convolutionOf(X, W, B, attributes, at),
);

/** The gradient of a convolution with respect to its input, as an operator. */
export const ConvTranspose = defineRule(
  ['X', 'W', 'B?'],
  { ...CONV_ATTRIBUTES, output_padding: 'ints', output_shape: 'ints' },
  ({ X, W, B }, attributes, at) => {
    const sizes = spatialSizes(X.type.shape, at);
    const kernel = kernelOf(W, attributes.kernel_shape, at);
    const { group = 1 } = attributes;
    if (group < 1) at.fail(`group ${group}`);
    const axes = transposedAxes(sizes, kernel, attributes, at);
    const geometry = {
      kernel,
      strides: axes.map(({ stride }) => stride),
      dilations: axes.map(({ dilation }) => dilation),
      padsBegin: axes.map(({ pad }) => pad),
      outputSize: sizes,
      groups: group,
    };
    const inputSize = axes.map(({ size }) => size);
    const y = convolveBack(X, W, geometry, inputSize, at);
    if (B === undefined) return y;
    return add(y, reshapeTo(B, [...B.type.shape, ...sizes.map(() => 1)], at), at);
  },
);

interface TransposedAxis {
  readonly stride: number;
  readonly dilation: number;
  /** Elements cut off in front. */
  readonly pad: number;
  readonly size: number;
}

function transposedAxes(
  sizes: readonly number[],
  kernel: readonly number[],
  attributes: ConvAttributes & {
    readonly output_padding?: readonly number[];
    readonly output_shape?: readonly number[];
  },
  at: NodeContext,
): TransposedAxis[] {
  const rank = sizes.length;
  const { auto_pad = 'NOTSET', output_shape } = attributes;
  const list = (name: 'strides' | 'dilations' | 'output_padding', missing: number): number[] => {
    const values = attributes[name] ?? sizes.map(() => missing);
    const fits = values.length === rank && values.every((v) => v >= missing && v < 2 ** 31);
    return fits ? [...values] : at.fail(`${name} [${values.join(', ')}]`);
  };
  const [strides, dilations] = [list('strides', 1), list('dilations', 1)];
  const extra = list('output_padding', 0);
  const pads = attributes.pads ?? new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank || pads.some((pad) => !(pad >= 0 && pad < 2 ** 16))) {
    at.fail(`pads [${pads.join(', ')}] does not fit ${rank} spatial dimensions`);
  }
  return sizes.map((from, axis) => {
    const [stride, dilation] = [strides[axis]!, dilations[axis]!];
    const whole = stride * (from - 1) + extra[axis]! + (kernel[axis]! - 1) * dilation + 1;
    const wanted =
      output_shape?.slice(-rank)[axis] ?? (auto_pad.startsWith('SAME') ? from * stride : null);
    if (wanted === null) {
      const fixed = auto_pad === 'VALID' ? [0, 0] : [pads[axis]!, pads[axis + rank]!];
      const size = whole - fixed[0]! - fixed[1]!;
      return sized({ stride, dilation, pad: fixed[0]!, size }, at);
    }
    const total = Math.max(0, whole - wanted);
    const smaller = Math.floor(total / 2);
    const pad = auto_pad === 'SAME_UPPER' ? smaller : total - smaller;
    return sized({ stride, dilation, pad, size: wanted }, at);
  });
}

function sized(axis: TransposedAxis, at: NodeContext): TransposedAxis {
  return axis.size >= 1 ? axis : at.fail(`its result would have the size ${axis.size}`);
}
