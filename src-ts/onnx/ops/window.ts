// The geometry that convolutions and pools share in ONNX: pads, strides, dilations, auto_pad, ceil_mode.
import type { Shape } from '../../core/shape.ts';
import type { WindowGeometry } from '../../graph/op-set.ts';
import type { NodeContext } from '../node-context.ts';

export interface WindowAttributes {
  readonly kernel: readonly number[];
  readonly auto_pad: string;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
  readonly ceil_mode?: number;
}

/** Padding wider than any image; beyond it, a width is taken for damage. */
const MAX_PAD = 2 ** 16;

interface Window extends WindowGeometry {
  /** Padding after each axis as declared. */
  readonly padsEnd: readonly number[];
}

/** Spatial sizes of [N, C, …spatial]; they must be fixed, and there must be some. */
export function spatialSizes(shape: Shape, at: NodeContext): number[] {
  if (shape.length < 3) at.fail(`its input has ${shape.length} dimensions, at least 3 are needed`);
  return shape.slice(2).map((_, axis) => at.staticDim(shape, axis + 2));
}

/** The window an operator slides over `sizes`, checked; throws when it does not fit. */
export function windowOf(
  sizes: readonly number[],
  attributes: WindowAttributes,
  at: NodeContext,
): Window {
  const rank = sizes.length;
  const ones = new Array<number>(rank).fill(1);
  const { kernel, strides = ones, dilations = ones, auto_pad } = attributes;
  requirePositive(kernel, 'kernel_shape', rank, at);
  requirePositive(strides, 'strides', rank, at);
  requirePositive(dilations, 'dilations', rank, at);
  const spans = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1);
  const { begin, end } = padding(sizes, spans, strides, auto_pad, attributes.pads, at);
  const outputSize = sizes.map((size, axis) => {
    const padded = size + begin[axis]! + end[axis]!;
    const room = (padded - spans[axis]!) / strides[axis]!;
    if (attributes.ceil_mode !== 1) return Math.floor(room) + 1;
    const count = Math.ceil(room) + 1;
    // The last window must start inside the input or the padding before it, as PyTorch has it.
    return (count - 1) * strides[axis]! >= size + begin[axis]! ? count - 1 : count;
  });
  if (outputSize.some((size) => size < 1)) {
    at.fail(`its window of ${spans.join(' × ')} is larger than the input, ${sizes.join(' × ')}`);
  }
  return { kernel, strides, dilations, padsBegin: begin, padsEnd: end, outputSize };
}

function requirePositive(
  values: readonly number[],
  name: string,
  rank: number,
  at: NodeContext,
): void {
  if (values.length === rank && values.every((value) => value >= 1 && value < 2 ** 31)) return;
  at.fail(`${name} [${values.join(', ')}] does not fit ${rank} spatial dimensions`);
}

function padding(
  sizes: readonly number[],
  spans: readonly number[],
  strides: readonly number[],
  auto_pad: string,
  pads: readonly number[] | undefined,
  at: NodeContext,
): { begin: readonly number[]; end: readonly number[] } {
  const rank = sizes.length;
  const none = new Array<number>(rank).fill(0);
  if (auto_pad === 'VALID') return { begin: none, end: none };
  if (auto_pad === 'NOTSET' || auto_pad === '') {
    const all = pads ?? [...none, ...none];
    if (all.length !== 2 * rank || all.some((pad) => !(Math.abs(pad) < MAX_PAD))) {
      at.fail(`pads [${all.join(', ')}] does not fit ${rank} spatial dimensions`);
    }
    if (all.some((pad) => pad < 0)) at.refuse('negative pads');
    return { begin: all.slice(0, rank), end: all.slice(rank) };
  }
  if (auto_pad !== 'SAME_UPPER' && auto_pad !== 'SAME_LOWER') at.fail(`auto_pad "${auto_pad}"`);
  const totals = sizes.map((size, axis) => {
    const windows = Math.ceil(size / strides[axis]!);
    return Math.max(0, (windows - 1) * strides[axis]! + spans[axis]! - size);
  });
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  return auto_pad === 'SAME_UPPER'
    ? { begin: smaller, end: larger }
    : { begin: larger, end: smaller };
}
