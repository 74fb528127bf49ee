// Windows over three or more spatial axes, by ops whose kernels know two. A convolution's first axis is
// unfolded: its taps become channels, its places become images. Pools go axis by axis, since a maximum
// of maxima is the maximum, the first in order included, and a mean of means over whole grids the mean.
import type { Shape } from '../../core/shape.ts';
import type { AvgPoolGeometry, ConvGeometry, WindowGeometry } from '../../graph/op-set.ts';
import type { NodeContext } from '../node-context.ts';
import type { Value } from '../value.ts';
import { add, axesFrom, reshapeTo } from './compose.ts';
import { mergedDim } from './picking.ts';
import { sliceValue } from './slice.ts';

const KERNEL_AXES = 2;

type WindowKey = 'kernel' | 'strides' | 'dilations' | 'padsBegin' | 'outputSize';

/** A window's first spatial axis. */
type AxisWindow = { readonly [K in WindowKey]: number };

function firstAxis(window: WindowGeometry): AxisWindow {
  return {
    kernel: window.kernel[0]!,
    strides: window.strides[0]!,
    dilations: window.dilations[0]!,
    padsBegin: window.padsBegin[0]!,
    outputSize: window.outputSize[0]!,
  };
}

/** A window over some of the spatial axes. */
function axesOf<G extends WindowGeometry>(window: G, from: number, to?: number): G {
  return {
    ...window,
    kernel: window.kernel.slice(from, to),
    strides: window.strides.slice(from, to),
    dilations: window.dilations.slice(from, to),
    padsBegin: window.padsBegin.slice(from, to),
    outputSize: window.outputSize.slice(from, to),
  };
}

/** The elements that a walk over one axis reaches, padding included. */
const reachOf = ({ kernel, strides, dilations, outputSize }: AxisWindow): number =>
  (outputSize - 1) * strides + (kernel - 1) * dilations + 1;

const numbers = (shape: Shape, from: number, at: NodeContext): number[] =>
  axesFrom(from, shape.length).map((axis) => at.staticDim(shape, axis));

/** The order of axes with the third moved to the second place, of a value with `rank`. */
const depthSecond = (rank: number): number[] => [0, 2, 1, ...axesFrom(3, rank)];

// ---- convolution -----------------------------------------------------------------------------

/** A convolution over any number of spatial axes. */
export function convolve(
  x: Value,
  w: Value,
  bias: Value | undefined,
  geometry: ConvGeometry,
  at: NodeContext,
): Value {
  if (geometry.kernel.length <= KERNEL_AXES) return at.emit('conv', { x, w, bias }, geometry);
  const axis = firstAxis(geometry);
  const unfolded = unfoldDepth(x, axis, at);
  const [batch] = x.type.shape;
  const images = reshapeTo(
    unfolded,
    [
      mergedDim([batch!, axis.outputSize], at),
      at.staticDim(x.type.shape, 1) * axis.kernel,
      ...numbers(x.type.shape, 3, at),
    ],
    at,
  );
  const made = convolve(images, withTapsAsChannels(w, at), bias, axesOf(geometry, 1), at);
  const [, channels, ...rest] = made.type.shape;
  const grid = reshapeTo(made, [batch!, axis.outputSize, channels!, ...rest], at);
  return at.emit('transpose', { x: grid }, { perm: depthSecond(grid.type.shape.length) });
}

/** [N, C, D, …] as [N, places, C, taps, …]: what each tap of each place reads. */
function unfoldDepth(x: Value, axis: AxisWindow, at: NodeContext): Value {
  const padded = padDepth(x, axis, at);
  const taps = axesFrom(0, axis.kernel).map((tap) => {
    const cut = { axis: 2, start: tap * axis.dilations, step: axis.strides, size: axis.outputSize };
    const read = sliceValue(padded, [cut], at);
    return reshapeTo(read, read.type.shape.toSpliced(2, 0, 1), at);
  });
  const stacked = joined(taps, at);
  const rest = axesFrom(4, stacked.type.shape.length);
  return at.emit('transpose', { x: stacked }, { perm: [0, 3, 1, 2, ...rest] });
}

function joined(taps: readonly Value[], at: NodeContext): Value {
  if (taps.length === 1) return taps[0]!;
  const named = Object.fromEntries(taps.map((tap, i) => [`x${i}` as const, tap]));
  return at.emit('concat', named, { axis: 2 });
}

/** Zeros around the depth of [N, C, D, …], as far as the walk goes. */
function padDepth(x: Value, axis: AxisWindow, at: NodeContext): Value {
  const { shape } = x.type;
  const behind = Math.max(0, reachOf(axis) - axis.padsBegin - at.staticDim(shape, 2));
  if (axis.padsBegin === 0 && behind === 0) return x;
  const onDepth = (count: number): number[] => shape.map((_, each) => (each === 2 ? count : 0));
  return at.emit(
    'pad',
    { x },
    { before: onDepth(axis.padsBegin), after: onDepth(behind), value: 0 },
  );
}

/** [CO, CI, D, …] as [CO, CI·D, …]. */
function withTapsAsChannels(w: Value, at: NodeContext): Value {
  const [out, read, taps, ...rest] = numbers(w.type.shape, 0, at);
  return reshapeTo(w, [out!, read! * taps!, ...rest], at);
}

/** The transpose of a convolution: from its result's place to its input's, of `inputSize`. */
export function convolveBack(
  dy: Value,
  w: Value,
  geometry: ConvGeometry,
  inputSize: readonly number[],
  at: NodeContext,
): Value {
  if (geometry.kernel.length <= KERNEL_AXES) {
    return at.emit('conv_input_grad', { dy, w }, { ...geometry, inputSize });
  }
  const axis = firstAxis(geometry);
  const { shape } = dy.type;
  const [batch] = shape;
  const perm = depthSecond(shape.length);
  const images = reshapeTo(
    at.emit('transpose', { x: dy }, { perm }),
    [mergedDim([batch!, axis.outputSize], at), at.staticDim(shape, 1), ...numbers(shape, 3, at)],
    at,
  );
  const rest = inputSize.slice(1);
  const made = convolveBack(images, withTapsAsChannels(w, at), axesOf(geometry, 1), rest, at);
  const channels = at.staticDim(made.type.shape, 1) / axis.kernel;
  const grid = reshapeTo(made, [batch!, axis.outputSize, channels, axis.kernel, ...rest], at);
  const order = [0, 2, 3, 1, ...axesFrom(4, grid.type.shape.length)];
  const taps = at.emit('transpose', { x: grid }, { perm: order });
  return foldDepth(taps, axis, inputSize[0]!, at);
}

/** [N, C, taps, places, …] summed where the taps lie along a depth of `size`. */
function foldDepth(taps: Value, axis: AxisWindow, size: number, at: NodeContext): Value {
  const length = Math.max(reachOf(axis), axis.padsBegin + size);
  const placed = axesFrom(0, axis.kernel).map((tap) => {
    const one = sliceValue(taps, [{ axis: 2, start: tap, step: 1, size: 1 }], at);
    const x = reshapeTo(one, one.type.shape.toSpliced(2, 1), at);
    const ranges = x.type.shape.map((_, each) =>
      each === 2 ? { start: tap * axis.dilations, step: axis.strides } : { start: 0, step: 1 },
    );
    return at.emit('unslice', { x }, { ranges, shape: x.type.shape.with(2, length) });
  });
  const whole = placed.reduce((sum, each) => add(sum, each, at));
  return sliceValue(whole, [{ axis: 2, start: axis.padsBegin, step: 1, size }], at);
}

// ---- pools -----------------------------------------------------------------------------------

type EmitPool<G> = (x: Value, window: G) => Value;

/** A pool over any number of spatial axes: the last two, then each axis before them. */
function poolAxes<G extends WindowGeometry>(
  x: Value,
  window: G,
  part: (from: number, to?: number) => G,
  pool: EmitPool<G>,
  at: NodeContext,
): Value {
  const rank = window.kernel.length;
  if (rank <= KERNEL_AXES) return pool(x, window);
  const { shape } = x.type;
  const [batch, channels, depth, ...rest] = shape;
  const planes = reshapeTo(x, [batch!, mergedDim([channels!, depth!], at), ...rest], at);
  const inner = part(1);
  const pooled = poolAxes(
    planes,
    inner,
    (from, to) => part(from + 1, to === undefined ? to : to + 1),
    pool,
    at,
  );
  const size = inner.outputSize.reduce((count, each) => count * each, 1);
  const columns = reshapeTo(pooled, [batch!, channels!, depth!, size], at);
  const along = withWholeAxis(part(0, 1), size);
  const made = pool(columns, along);
  return reshapeTo(made, [batch!, channels!, along.outputSize[0]!, ...inner.outputSize], at);
}

/** A window over one axis, with a second that it leaves as it is. */
function withWholeAxis<G extends WindowGeometry>(window: G, size: number): G {
  const widened = {
    kernel: [...window.kernel, 1],
    strides: [...window.strides, 1],
    dilations: [...window.dilations, 1],
    padsBegin: [...window.padsBegin, 0],
    outputSize: [...window.outputSize, size],
    ...('padsEnd' in window ? { padsEnd: [...(window.padsEnd as number[]), 0] } : {}),
  };
  return { ...window, ...widened };
}

export function maxPool(x: Value, window: WindowGeometry, at: NodeContext): Value {
  const part = (from: number, to?: number): WindowGeometry => axesOf(window, from, to);
  return poolAxes(x, window, part, (each, over) => at.emit('max_pool', { x: each }, over), at);
}

export function avgPool(x: Value, window: AvgPoolGeometry, at: NodeContext): Value {
  const part = (from: number, to?: number): AvgPoolGeometry => ({
    ...axesOf(window, from, to),
    padsEnd: window.padsEnd.slice(from, to),
  });
  return poolAxes(x, window, part, (each, over) => at.emit('avg_pool', { x: each }, over), at);
}
