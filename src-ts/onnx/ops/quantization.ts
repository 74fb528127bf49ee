// Quantised operators, in float32: whole numbers are exact there up to 2²⁴, and a value that has been
// rounded still has a gradient, which passes the rounding as if it did nothing. So what ONNX holds as
// int8 or uint8 is float32 in the graph, and dequantising is a subtraction and a product.
//
// Sums of products of 8-bit numbers are exact while they have fewer than 2²⁴ / 255² = 258 terms at their
// largest; trained networks stay far below that, and beyond it the error is one part in 2²⁴.
import { formatShape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { add, axesFrom, div, mul, reshapeTo, sub } from './compose.ts';
import { CONV_ATTRIBUTES, convolutionOf } from './conv.ts';
import { matrixProduct } from './matmul.ts';

/** The range of an element type that values are clamped to. */
interface Range {
  readonly min: number;
  readonly max: number;
}

const RANGES: Readonly<Record<string, Range>> = {
  uint8: { min: 0, max: 255 },
  int8: { min: -128, max: 127 },
  uint16: { min: 0, max: 65535 },
  int16: { min: -32768, max: 32767 },
};

/** The range of a zero point's type: uint8 without one. */
function rangeOf(position: number, zero: Value | undefined, at: NodeContext): Range {
  if (zero === undefined) return RANGES['uint8']!;
  const name = at.elementType(position);
  return (name === null ? undefined : RANGES[name]) ?? at.refuse(`to ${name ?? 'an unknown type'}`);
}

const toFloat = (x: Value, at: NodeContext): Value =>
  x.type.dtype === 'float32' ? x : at.emit('cast', { x }, { to: 'float32' });

/** One number for all of `x`, or one for each place of an axis, shaped to broadcast. */
function perAxis(parameter: Value, x: Value, axis: number, at: NodeContext): Value {
  const { shape } = parameter.type;
  const value = toFloat(parameter, at);
  if (shape.length === 0 || (shape.length === 1 && shape[0] === 1)) return reshapeTo(value, [], at);
  if (shape.length !== 1) return at.refuse(`parameters of shape ${formatShape(shape)}`);
  const rank = x.type.shape.length;
  const along = at.axis(axis, rank);
  if (shape[0] !== x.type.shape[along]) at.fail(`its parameters do not fit dimension ${along}`);
  return reshapeTo(value, [shape[0]!, ...axesFrom(along + 1, rank).map(() => 1)], at);
}

/** Clamped before it is rounded, so that only what is cut off loses its gradient. */
function rounded(x: Value, zero: Value | undefined, { min, max }: Range, at: NodeContext): Value {
  const offset =
    zero?.kind === 'constant' && zero.type.shape.length === 0 ? zero.tensor.data[0]! : null;
  const clamped =
    zero === undefined || offset !== null
      ? at.emit('clip', { x }, { min: min - (offset ?? 0), max: max - (offset ?? 0) })
      : at.emit(
          'minimum',
          { a: at.emit('maximum', { a: x, b: sub(min, zero, at) }, {}), b: sub(max, zero, at) },
          {},
        );
  const whole = at.emit('round_through', { x: clamped }, {});
  return zero === undefined || offset === 0 ? whole : add(whole, zero, at);
}

export const QuantizeLinear = defineRule(
  ['x', 'y_scale', 'y_zero_point?'],
  { axis: 'int', saturate: 'int' },
  ({ x, y_scale, y_zero_point }, { axis = 1 }, at) => {
    const range = rangeOf(2, y_zero_point, at);
    const value = toFloat(x, at);
    const scaled = div(value, perAxis(y_scale, x, axis, at), at);
    const zero = y_zero_point === undefined ? undefined : perAxis(y_zero_point, x, axis, at);
    return rounded(scaled, zero, range, at);
  },
);

export const DequantizeLinear = defineRule(
  ['x', 'x_scale', 'x_zero_point?'],
  { axis: 'int' },
  ({ x, x_scale, x_zero_point }, { axis = 1 }, at) =>
    mul(shifted(x, x_zero_point, axis, at), perAxis(x_scale, x, axis, at), at),
);

/** Quantised numbers counted from their zero point. */
function shifted(x: Value, zero: Value | undefined, axis: number, at: NodeContext): Value {
  const value = toFloat(x, at);
  if (zero === undefined) return value;
  const offset = perAxis(zero, x, axis, at);
  const isZero = offset.kind === 'constant' && offset.tensor.data.every((each) => each === 0);
  return isZero ? value : sub(value, offset, at);
}

/** To uint8, with the scale and zero point that the values themselves call for. */
export const DynamicQuantizeLinear = defineRule(['x'], {}, ({ x }, _, at) => {
  const axes = axesFrom(0, x.type.shape.length);
  const extreme = (kind: 'reduce_max' | 'reduce_min'): Value =>
    reshapeTo(axes.length === 0 ? x : at.emit(kind, { x }, { axes }), [], at);
  const zero = at.number(0);
  const high = at.emit('maximum', { a: extreme('reduce_max'), b: zero }, {});
  const low = at.emit('minimum', { a: extreme('reduce_min'), b: zero }, {});
  const scale = div(sub(high, low, at), 255, at);
  const start = at.emit('clip', { x: div(sub(0, low, at), scale, at) }, { min: 0, max: 255 });
  const point = at.emit('round_through', { x: start }, {});
  return [rounded(div(x, scale, at), point, RANGES['uint8']!, at), scale, point];
});

export const ConvInteger = defineRule(
  ['x', 'w', 'x_zero_point?', 'w_zero_point?'],
  CONV_ATTRIBUTES,
  ({ x, w, x_zero_point, w_zero_point }, attributes, at) =>
    convolutionOf(
      shifted(x, x_zero_point, 1, at),
      shifted(w, w_zero_point, 0, at),
      undefined,
      attributes,
      at,
    ),
);

export const MatMulInteger = defineRule(
  ['A', 'B', 'a_zero_point?', 'b_zero_point?'],
  {},
  ({ A, B, a_zero_point, b_zero_point }, _, at) =>
    matrixProduct(shifted(A, a_zero_point, -2, at), shifted(B, b_zero_point, -1, at), at),
);

/** A product in the scale of its operands, brought to the scale and zero point of the result. */
function requantized(
  product: Value,
  factor: Value,
  scale: Value,
  zero: Value,
  range: Range,
  at: NodeContext,
): Value {
  const scaled = mul(product, div(factor, perAxis(scale, product, 1, at), at), at);
  return rounded(scaled, perAxis(zero, product, 1, at), range, at);
}

export const QLinearConv = defineRule(
  [
    ...(['x', 'x_scale', 'x_zero_point', 'w', 'w_scale', 'w_zero_point'] as const),
    ...(['y_scale', 'y_zero_point', 'B?'] as const),
  ],
  CONV_ATTRIBUTES,
  (inputs, attributes, at) => {
    const { x, w, B, x_scale, w_scale, y_scale, y_zero_point } = inputs;
    const product = convolutionOf(
      shifted(x, inputs.x_zero_point, 1, at),
      shifted(w, inputs.w_zero_point, 0, at),
      B === undefined ? undefined : toFloat(B, at),
      attributes,
      at,
    );
    const factor = mul(perAxis(x_scale, x, 1, at), perAxis(w_scale, product, 1, at), at);
    return requantized(product, factor, y_scale, y_zero_point, rangeOf(7, y_zero_point, at), at);
  },
);

export const QLinearMatMul = defineRule(
  [
    ...(['a', 'a_scale', 'a_zero_point', 'b', 'b_scale', 'b_zero_point'] as const),
    ...(['y_scale', 'y_zero_point'] as const),
  ],
  {},
  (inputs, _, at) => {
    const { a, b, a_scale, b_scale, y_scale, y_zero_point } = inputs;
    const product = matrixProduct(
      shifted(a, inputs.a_zero_point, -2, at),
      shifted(b, inputs.b_zero_point, -1, at),
      at,
    );
    const factor = mul(perAxis(a_scale, a, -2, at), perAxis(b_scale, b, -1, at), at);
    return requantized(product, factor, y_scale, y_zero_point, rangeOf(7, y_zero_point, at), at);
  },
);
