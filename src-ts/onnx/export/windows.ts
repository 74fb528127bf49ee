// Window geometry in ONNX's terms. The graph fixes the output's size; ONNX derives it from padding on
// both sides, rounded down. Padding ONNX cannot say is done by a Pad before the operator.
import type { WindowGeometry } from '../../graph/op-set.ts';
import type { ExportContext } from './export-context.ts';

/** Elements that a window spans along an axis. */
export const spanOf = ({ kernel, dilations }: WindowGeometry, axis: number): number =>
  (kernel[axis]! - 1) * dilations[axis]! + 1;

/** Padding after each axis that gives the output its size: negative where elements go unread. */
function padsAfter(geometry: WindowGeometry, size: readonly number[]): number[] {
  return size.map((length, axis) => {
    const last = (geometry.outputSize[axis]! - 1) * geometry.strides[axis]!;
    const needed = last + spanOf(geometry, axis) - geometry.padsBegin[axis]! - length;
    // Unread elements that do not make a stride are dropped by rounding down.
    return needed < 0 && needed > -geometry.strides[axis]! ? 0 : needed;
  });
}

export interface PaddedWindow {
  /** The operand, padded or cut where the attributes cannot say it. */
  readonly x: string;
  /** ONNX's `pads`: all before, then all after. */
  readonly pads: readonly number[];
  /** Whether x is the operand itself, so that positions in it mean the same. */
  readonly isWhole: boolean;
}

/**
 * `x` and `pads` of a windowed operator. Cuts, and padding beyond `limit` along an axis, which some
 * runtimes refuse, are done by a Pad with `value`.
 */
export function padWindow(
  at: ExportContext,
  x: string,
  geometry: WindowGeometry,
  size: readonly number[],
  { value = 0, limit = () => Infinity }: { value?: number; limit?: (axis: number) => number } = {},
): PaddedWindow {
  const wanted = [...geometry.padsBegin, ...padsAfter(geometry, size)];
  const said = wanted.map((pad, k) => (pad < 0 || pad >= limit(k % size.length) ? 0 : pad));
  if (wanted.every((pad, k) => pad === said[k])) return { x, pads: said, isWhole: true };
  const rank = size.length;
  const rest = wanted.map((pad, k) => pad - said[k]!);
  const all = [0, 0, ...rest.slice(0, rank), 0, 0, ...rest.slice(rank)];
  const padded = at.op('Pad', [x, at.ints(all), at.number(value)]);
  return { x: padded, pads: said, isWhole: false };
}

/** The transposed walk of `geometry` over y, giving planes of `size`. */
export function transposedConv(
  at: ExportContext,
  y: string,
  w: string,
  geometry: WindowGeometry,
  group: number,
  size: readonly number[],
): string {
  const { kernel, strides, dilations, padsBegin, outputSize } = geometry;
  // Cut at the end; where planes reach beyond the last window, zeros are added instead.
  const after = size.map((length, axis) => {
    const full = (outputSize[axis]! - 1) * strides[axis]! + spanOf(geometry, axis);
    return full - padsBegin[axis]! - length;
  });
  const cuts = [...padsBegin, ...after];
  const pads = cuts.map((cut) => Math.max(cut, 0));
  const made = at.op('ConvTranspose', [y, w], {
    kernel_shape: kernel,
    strides,
    dilations,
    group,
    pads,
  });
  const missing = cuts.map((cut) => Math.max(-cut, 0));
  if (missing.every((count) => count === 0)) return made;
  const rank = size.length;
  const widths = [0, 0, ...missing.slice(0, rank), 0, 0, ...missing.slice(rank)];
  return at.op('Pad', [made, at.ints(widths), at.number(0)]);
}
