// Random cases of products, convolutions, pools, reductions and normalisations.
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type {
  AvgPoolGeometry,
  ConvGeometry,
  OpAttrs,
  WindowGeometry,
} from '../../src-ts/graph/op-set.ts';
import type { Draw } from './draw.ts';
import type { Generator } from './pointwise-cases.ts';

/** Leading axes broadcast, or a batch that is the rows of a or the columns of b. */
export const matmul: Generator<'matmul'> = (draw) => {
  const attrs = { transposeA: draw.flag(), transposeB: draw.flag() };
  const [rows, depth, columns] = draw.ints(3, 1, 5) as [number, number, number];
  const matrixA = attrs.transposeA ? [depth, rows] : [rows, depth];
  const matrixB = attrs.transposeB ? [columns, depth] : [depth, columns];
  const lead = draw.sizes(draw.int(0, 2));
  const batched: string[] = [];
  const operand = (name: string, matrix: number[]): Tensor => {
    if (lead.length > 0 && draw.flag()) {
      batched.push(name);
      const rest = lead.slice(1).map((size) => (draw.flag() ? size : 1));
      return draw.floats([lead[0]!, ...rest, ...matrix]);
    }
    const missing = draw.int(0, lead.length);
    const rest = lead.slice(missing).map((size, axis) => {
      return (missing === 0 && axis === 0) || draw.flag() ? 1 : size;
    });
    return draw.floats([...rest, ...matrix]);
  };
  const inputs = { a: operand('a', matrixA), b: operand('b', matrixB) };
  if (inputs.a.shape.length === 2 && !attrs.transposeA && batched.length === 0) batched.push('a');
  else if (inputs.b.shape.length === 2 && attrs.transposeB && batched.length === 0)
    batched.push('b');
  return { inputs, attrs: () => attrs, batched };
};

interface Window extends WindowGeometry {
  readonly inputSize: number[];
  readonly padsEnd: number[];
}

interface AxisWindow {
  kernel: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
  input: number;
  output: number;
}

/** One axis of a window; `whole` when every window must meet the input. */
function axisWindow(draw: Draw, whole: boolean): AxisWindow {
  const [kernel, stride, dilation] = [draw.int(1, 3), draw.int(1, 3), draw.int(1, 2)];
  const reach = dilation * (kernel - 1) + 1;
  const most = whole ? Math.min(2, Math.floor(kernel / 2)) : 2;
  const [before, after] = [draw.int(0, most), draw.int(0, most)];
  const least = Math.max(1, reach - (whole ? 0 : before + after));
  const input = least + draw.int(0, 3);
  const steps = (input + before + after - reach) / stride;
  let output = Math.floor(steps) + 1;
  // As pools round up: the last window begins inside the input or the padding before it.
  const rounded = Math.ceil(steps) + 1;
  if (whole && draw.flag() && (rounded - 1) * stride < input + before) output = rounded;
  return { kernel, stride, dilation, before, after, input, output };
}

const meetsInput = ({ kernel, stride, dilation, before, input, output }: AxisWindow): boolean =>
  Array.from({ length: output }, (_, o) => o * stride - before).every((start) =>
    Array.from({ length: kernel }, (_, k) => start + k * dilation).some(
      (at) => at >= 0 && at < input,
    ),
  );

function window(draw: Draw, whole: boolean): Window {
  const axes = Array.from({ length: draw.int(1, draw.spatialAxes) }, () => {
    const axis = axisWindow(draw, whole);
    if (!whole || meetsInput(axis)) return axis;
    return { ...axis, stride: 1, before: 0, after: 0, output: 1 };
  });
  return {
    kernel: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    padsBegin: axes.map(({ before }) => before),
    padsEnd: axes.map(({ after }) => after),
    inputSize: axes.map(({ input }) => input),
    outputSize: axes.map(({ output }) => output),
  };
}

const geometryOf = ({
  kernel,
  strides,
  dilations,
  padsBegin,
  outputSize,
}: Window): WindowGeometry => ({
  kernel,
  strides,
  dilations,
  padsBegin,
  outputSize,
});

interface Convolution {
  readonly geometry: ConvGeometry;
  readonly inputSize: number[];
  readonly x: number[];
  readonly w: number[];
  readonly y: number[];
}

/** Groups of every kind: one, several, one channel each. */
function convolution(draw: Draw): Convolution {
  const { inputSize, ...rest } = window(draw, false);
  const geometry = { ...geometryOf({ inputSize, ...rest }), groups: draw.int(1, 3) };
  const { groups, kernel, outputSize } = geometry;
  const [images, reads, writes] = [draw.int(1, 2), draw.int(1, 2), draw.int(1, 3)];
  return {
    geometry,
    inputSize,
    x: [images, reads * groups, ...inputSize],
    w: [writes * groups, reads, ...kernel],
    y: [images, writes * groups, ...outputSize],
  };
}

export const conv: Generator<'conv'> = (draw) => {
  const { geometry, x, w } = convolution(draw);
  const bias = draw.flag() ? { bias: draw.floats([w[0]!]) } : {};
  return {
    inputs: { x: draw.floats(x), w: draw.floats(w), ...bias },
    attrs: () => geometry,
    batched: ['x'],
  };
};

export const convInputGrad: Generator<'conv_input_grad'> = (draw) => {
  const { geometry, inputSize, w, y } = convolution(draw);
  return {
    inputs: { dy: draw.floats(y), w: draw.floats(w) },
    attrs: () => ({ ...geometry, inputSize }),
    batched: ['dy'],
  };
};

export const convWeightGrad: Generator<'conv_weight_grad'> = (draw) => {
  const { geometry, x, w, y } = convolution(draw);
  return {
    inputs: { x: draw.floats(x), dy: draw.floats(y) },
    attrs: () => ({ ...geometry, weightShape: w }),
    batched: [], // its value has no rows of images
  };
};

export const maxPool: Generator<'max_pool'> = (draw) => {
  const drawn = window(draw, true);
  const [x] = draw.distinct([draw.int(1, 2), draw.int(1, 2), ...drawn.inputSize]);
  return { inputs: { x: x! }, attrs: () => geometryOf(drawn), batched: ['x'] };
};

function avgGeometry(draw: Draw): AvgPoolGeometry & { readonly inputSize: number[] } {
  const drawn = window(draw, true);
  return { ...drawn, divisor: draw.pick(['valid', 'padded'] as const) };
}

export const avgPool: Generator<'avg_pool'> = (draw) => {
  const { inputSize, ...geometry } = avgGeometry(draw);
  const x = draw.floats([draw.int(1, 2), draw.int(1, 2), ...inputSize]);
  return { inputs: { x }, attrs: () => geometry, batched: ['x'] };
};

export const avgPoolGrad: Generator<'avg_pool_grad'> = (draw) => {
  const geometry = avgGeometry(draw);
  const dy = draw.floats([draw.int(1, 2), draw.int(1, 2), ...geometry.outputSize]);
  return { inputs: { dy }, attrs: () => geometry, batched: ['dy'] };
};

export const windowSum: Generator<'window_sum'> = (draw) => {
  const shape = draw.sizes(draw.int(1, 4));
  const axis = draw.int(0, shape.length - 1);
  const attrs = { axis, before: draw.int(0, 3), after: draw.int(0, 3) };
  return {
    inputs: { x: draw.floats(shape) },
    attrs: () => attrs,
    batched: axis === 0 ? [] : ['x'],
  };
};

type ReduceKind = 'reduce_sum' | 'reduce_max' | 'reduce_min' | 'reduce_prod';

/** Any axes, counted from either end; with the first among them there is no batch. */
export function reduction<K extends ReduceKind>(
  fill: (draw: Draw, shape: number[]) => Tensor,
): Generator<K> {
  return (draw) => {
    const shape = draw.sizes(draw.int(1, 4));
    const kept = draw.flag() ? 1 : 0; // the batch, more often than not
    const axes = [...shape.keys()].slice(kept).filter(() => draw.flag());
    const attrs = { axes: axes.map((axis) => (draw.flag() ? axis : axis - shape.length)) };
    return {
      inputs: { x: fill(draw, shape) },
      attrs: () => attrs as OpAttrs<K>,
      batched: axes.includes(0) ? [] : ['x'],
    };
  };
}

/** Factors, of which up to two are 0: a product is smooth there too. */
export function factors(draw: Draw, shape: number[]): Tensor {
  const x = draw.floats(shape, { away: [0, 0.1, -0.1] });
  for (let zeros = draw.int(0, 2); zeros > 0; zeros--) x.data[draw.int(0, x.data.length - 1)] = 0;
  return x;
}

export const softmax: Generator<'softmax'> = (draw) => {
  const shape = draw.sizes(draw.int(1, 4));
  const axis = draw.int(0, shape.length - 1);
  const attrs = { axis: draw.flag() ? axis : axis - shape.length };
  return {
    inputs: { x: draw.floats(shape, { min: -3, max: 3 }) },
    attrs: () => attrs,
    batched: axis === 0 ? [] : ['x'],
  };
};
