// Convolution, the transposed convolution that is its gradient with respect to the input, and its
// gradient with respect to the weights. All three are the same sum of products x·w·y over the meetings
// of input elements and taps, with another of the three as the result; so each is the gradient of
// the others, and the gradient rules close among themselves.
//
// x is [N, C, …], w is [CO, C / groups, …kernel], y is [N, CO, …outputSize]. Any number of spatial
// axes here; the kernels know one and two.
import { elementCount, isStatic, type TensorType } from '../../core/shape.ts';
import { allocate, tensor, type Tensor, type TensorData } from '../../core/tensor.ts';
import type { ConvGeometry, OpKind, ValueId } from '../../graph/op-set.ts';
import { lowerConv, lowerInputGrad } from './lowering.ts';
import { lowerWeightGrad } from './weight-grad.ts';
import type { Emit, OpDef, OpFamily, VjpContext } from '../op-def.ts';
import { refuse, requireFloat } from '../refusal.ts';
import { convGeometryOf, meetingsOf, planesOf, requireSize } from '../window.ts';

type Operands = Readonly<Record<string, TensorType | undefined>>;

/** The weight's dimensions, checked against the geometry. */
function weightOf(
  kind: OpKind,
  label: string,
  operands: Operands,
  geometry: ConvGeometry,
): number[] {
  const { shape } = operands['w']!;
  const rank = geometry.kernel.length + 2;
  if (!isStatic(shape) || shape.length !== rank) {
    refuse(kind, label, `w must have ${rank} fixed dimensions, but has ${shape.length}`, operands);
  }
  requireSize(kind, label, operands, 'w', shape.slice(2), geometry.kernel);
  if (shape[0]! % geometry.groups !== 0) {
    const reason = `${shape[0]!} output channels do not divide into ${geometry.groups} groups`;
    refuse(kind, label, reason, operands);
  }
  return [...shape];
}

const times = (count: number): string => `${count} ${count === 1 ? 'group' : 'groups'}`;

const conv: OpDef<'conv'> = {
  infer: (inputs, geometry, label) => {
    const operands = { ...inputs };
    requireFloat('conv', label, operands);
    const x = planesOf('conv', label, operands, 'x', geometry);
    const w = weightOf('conv', label, operands, geometry);
    const reads = w[1]! * geometry.groups;
    if (reads !== x.channels) {
      const reason = `weight reads ${w[1]!} × ${times(geometry.groups)} = ${reads} channels but x has ${x.channels}`;
      refuse('conv', label, reason, operands);
    }
    const { bias } = inputs;
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== w[0])) {
      refuse('conv', label, `bias must hold ${w[0]!} numbers, one per output channel`, operands);
    }
    return { dtype: 'float32', shape: [x.batch, w[0]!, ...geometry.outputSize] };
  },
  vjp: ({ inputs: { x, w, bias }, attrs }, dy, { emit, typeOf, needs }) => ({
    ...(needs('x') && {
      x: emit('conv_input_grad', { dy, w }, { ...attrs, inputSize: fixed(typeOf(x)).slice(2) }),
    }),
    ...(needs('w') && {
      w: emit('conv_weight_grad', { x, dy }, { ...attrs, weightShape: fixed(typeOf(w)) }),
    }),
    ...(bias !== undefined && needs('bias') && { bias: biasGrad(dy, emit, typeOf) }),
  }),
  evaluate: ({ x, w, bias }, attrs, { shape }) => {
    const y = zeros(shape());
    addProducts(attrs, { x, w, y }, 'y');
    if (bias !== undefined) addBias(y, bias);
    return y;
  },
  lower: lowerConv,
  hasEpilogue: true,
};

const convInputGrad: OpDef<'conv_input_grad'> = {
  infer: (inputs, attrs, label) => {
    const operands = { ...inputs };
    requireFloat('conv_input_grad', label, operands);
    const dy = planesOf('conv_input_grad', label, operands, 'dy', attrs);
    const w = weightOf('conv_input_grad', label, operands, attrs);
    requireSize('conv_input_grad', label, operands, 'dy', dy.size, attrs.outputSize);
    if (dy.channels !== w[0]) {
      const reason = `weight writes ${w[0]!} channels but dy has ${dy.channels}`;
      refuse('conv_input_grad', label, reason, operands);
    }
    return { dtype: 'float32', shape: [dy.batch, w[1]! * attrs.groups, ...attrs.inputSize] };
  },
  vjp: ({ inputs: { dy, w }, attrs }, u, { emit, typeOf, needs }) => {
    const geometry = convGeometryOf(attrs);
    const weightShape = fixed(typeOf(w));
    return {
      ...(needs('dy') && { dy: emit('conv', { x: u, w }, geometry) }),
      ...(needs('w') && {
        w: emit('conv_weight_grad', { x: u, dy }, { ...geometry, weightShape }),
      }),
    };
  },
  evaluate: ({ dy, w }, attrs, { shape }) => {
    const x = zeros(shape());
    addProducts(attrs, { x, w, y: dy }, 'x');
    return x;
  },
  lower: lowerInputGrad,
  hasEpilogue: true,
};

const convWeightGrad: OpDef<'conv_weight_grad'> = {
  infer: (inputs, attrs, label) => {
    const operands = { ...inputs };
    requireFloat('conv_weight_grad', label, operands);
    const x = planesOf('conv_weight_grad', label, operands, 'x', attrs);
    const dy = planesOf('conv_weight_grad', label, operands, 'dy', attrs);
    requireSize('conv_weight_grad', label, operands, 'dy', dy.size, attrs.outputSize);
    const [written, read] = attrs.weightShape;
    if (x.channels !== read! * attrs.groups || dy.channels !== written) {
      const expected = `x with ${read! * attrs.groups} channels and dy with ${written!}`;
      const came = `${x.channels} and ${dy.channels}`;
      refuse('conv_weight_grad', label, `expected ${expected}, not ${came}`, operands);
    }
    return { dtype: 'float32', shape: attrs.weightShape };
  },
  vjp: ({ inputs: { x, dy }, attrs }, u, { emit, typeOf, needs }) => {
    const geometry = convGeometryOf(attrs);
    const inputSize = fixed(typeOf(x)).slice(2);
    return {
      ...(needs('x') && { x: emit('conv_input_grad', { dy, w: u }, { ...geometry, inputSize }) }),
      ...(needs('dy') && { dy: emit('conv', { x, w: u }, geometry) }),
    };
  },
  evaluate: ({ x, dy }, attrs) => {
    const w = zeros(attrs.weightShape);
    addProducts(attrs, { x, w, y: dy }, 'w');
    return w;
  },
  lower: lowerWeightGrad,
};

/** Dimensions as numbers; a batch, which no caller reads, as 0. */
function fixed(type: TensorType): number[] {
  return type.shape.map((dim) => (typeof dim === 'number' ? dim : 0));
}

function biasGrad(dy: ValueId, emit: Emit, typeOf: VjpContext['typeOf']): ValueId {
  const { shape } = typeOf(dy);
  const axes = [...shape.keys()].filter((axis) => axis !== 1);
  return emit('reshape', { x: emit('reduce_sum', { x: dy }, { axes }) }, { shape: [shape[1]!] });
}

function zeros(shape: readonly number[]): Tensor {
  return tensor('float32', shape, allocate('float32', elementCount(shape), true));
}

function addBias(y: Tensor, bias: Tensor): void {
  const plane = elementCount(y.shape.slice(2));
  for (let i = 0; i < y.data.length; i++) {
    y.data[i]! += bias.data[Math.floor(i / plane) % bias.data.length]!;
  }
}

/** Adds x·w, x·y or w·y of every meeting to the third. */
function addProducts(
  geometry: ConvGeometry,
  { x, w, y }: { readonly x: Tensor; readonly w: Tensor; readonly y: Tensor },
  target: 'x' | 'w' | 'y',
): void {
  const { groups } = geometry;
  const meetings = meetingsOf(geometry, x.shape.slice(2));
  const [inPlane, outPlane, taps] = [x, y, w].map(({ shape }) => elementCount(shape.slice(2)));
  const [outChannels, inChannels] = [w.shape[0]! / groups, w.shape[1]!];
  const addPlane = productAdder(target, x.data, w.data, y.data, meetings);
  for (let plane = 0; plane < x.shape[0]! * groups; plane++) {
    for (let o = 0; o < outChannels; o++) {
      for (let i = 0; i < inChannels; i++) {
        const filter = (((plane % groups) * outChannels + o) * inChannels + i) * taps!;
        addPlane(
          (plane * inChannels + i) * inPlane!,
          filter,
          (plane * outChannels + o) * outPlane!,
        );
      }
    }
  }
}

/** Adds the products of one input plane, one filter and one output plane, given where each starts. */
function productAdder(
  target: 'x' | 'w' | 'y',
  x: TensorData,
  w: TensorData,
  y: TensorData,
  { count, input, tap, output }: ReturnType<typeof meetingsOf>,
): (xStart: number, wStart: number, yStart: number) => void {
  const loop =
    (add: (i: number, k: number, o: number) => void) =>
    (xStart: number, wStart: number, yStart: number): void => {
      for (let m = 0; m < count; m++)
        add(xStart + input[m]!, wStart + tap[m]!, yStart + output[m]!);
    };
  switch (target) {
    case 'x':
      return loop((i, k, o) => (x[i]! += w[k]! * y[o]!));
    case 'w':
      return loop((i, k, o) => (w[k]! += x[i]! * y[o]!));
    case 'y':
      return loop((i, k, o) => (y[o]! += x[i]! * w[k]!));
  }
}

export const convOps: OpFamily<'conv' | 'conv_input_grad' | 'conv_weight_grad'> = {
  conv,
  conv_input_grad: convInputGrad,
  conv_weight_grad: convWeightGrad,
};
