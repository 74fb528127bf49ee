// Arithmetic, comparisons and conditions, with NumPy's broadcasting. On lists of sizes the arithmetic is
// done at once, so that shapes computed from the batch stay known.
import { broadcastShapes, sameShape } from '../../core/shape.ts';
import type { OpKind } from '../../graph/op-set.ts';
import { combineDimLists, type DimOperator } from '../dims.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule, type ImportRule } from '../rule.ts';
import { dimsOf, dimsValue, isSizes, uniformValue, type Value } from '../value.ts';
import { castTo, div, mul, sub } from './compose.ts';

type UnaryKind =
  | ('relu' | 'sigmoid' | 'tanh' | 'softplus' | 'erf')
  | ('neg' | 'abs' | 'sign' | 'exp' | 'log' | 'sqrt')
  | ('sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan')
  | ('sinh' | 'cosh' | 'asinh' | 'acosh' | 'atanh')
  | ('not' | 'is_nan');
type BinaryKind =
  DimOperator | 'less' | 'greater' | 'and' | 'or' | 'xor' | 'bit_and' | 'bit_or' | 'bit_xor';

const unary = (kind: UnaryKind): ImportRule =>
  defineRule(['X'], {}, ({ X }, _, at) => at.emit(kind, { x: X }, {}));

/** A binary op; two lists of sizes are combined entry by entry, exactly. */
export function binary(kind: BinaryKind, a: Value, b: Value, at: NodeContext): Value {
  return onSizes(kind, a, b, at) ?? at.emit(kind, { a, b }, {});
}

const DIM_OPERATORS: ReadonlySet<OpKind> = new Set<OpKind>([
  'add',
  'sub',
  'mul',
  'div',
  'equal',
  'maximum',
  'minimum',
]);

function onSizes(kind: BinaryKind, a: Value, b: Value, at: NodeContext): Value | null {
  if (a.kind !== 'dims' && b.kind !== 'dims') return null; // plain constants fold like any other
  const [left, right] = [dimsOf(a), dimsOf(b)];
  if (!DIM_OPERATORS.has(kind) || !isSizes(a) || !isSizes(b) || !left || !right) return null;
  const dims = combineDimLists(kind as DimOperator, left, right);
  if (dims === null) return at.refuse('its result is no multiple of the batch size');
  const rank = a.type.shape.length + b.type.shape.length === 0 ? 0 : 1;
  return dimsValue(dims, rank, kind === 'equal' ? 'bool' : a.type.dtype);
}

const arithmetic = (kind: BinaryKind): ImportRule =>
  defineRule(['A', 'B'], {}, ({ A, B }, _, at) => binary(kind, A, B, at));

const variadic = (kind: 'add' | 'maximum' | 'minimum'): ImportRule =>
  defineRule(['...data'], {}, ({ data }, _, at) => {
    const [first, ...rest] = data;
    if (first === undefined) return at.fail('it has no inputs');
    return rest.reduce((left, right) => binary(kind, left, right, at), first);
  });

export const Add = arithmetic('add');
export const Sub = arithmetic('sub');
export const Mul = arithmetic('mul');
export const Div = arithmetic('div');
export const Equal = arithmetic('equal');
export const Less = arithmetic('less');
export const Greater = arithmetic('greater');
export const And = arithmetic('and');
export const Or = arithmetic('or');
export const Xor = arithmetic('xor');
export const BitwiseAnd = arithmetic('bit_and');
export const BitwiseOr = arithmetic('bit_or');
export const BitwiseXor = arithmetic('bit_xor');
export const Sum = variadic('add');
export const Max = variadic('maximum');
export const Min = variadic('minimum');

export const Mean = defineRule(['...data'], {}, ({ data }, _, at) => {
  const [first, ...rest] = data;
  if (first === undefined) return at.fail('it has no inputs');
  const total = rest.reduce((left, right) => binary('add', left, right, at), first);
  return mul(total, 1 / data.length, at);
});

/** Not the negation of the other: neither holds of a NaN. */
const orEqual = (kind: 'less' | 'greater'): ImportRule =>
  defineRule(['A', 'B'], {}, ({ A, B }, _, at) => {
    const isEqual = at.emit('equal', { a: A, b: B }, {});
    return at.emit('or', { a: at.emit(kind, { a: A, b: B }, {}), b: isEqual }, {});
  });

export const LessOrEqual = orEqual('less');
export const GreaterOrEqual = orEqual('greater');

export const Relu = unary('relu');
export const Sigmoid = unary('sigmoid');
export const Tanh = unary('tanh');
export const Neg = unary('neg');
export const Abs = unary('abs');
export const Sign = unary('sign');
export const Exp = unary('exp');
export const Log = unary('log');
export const Sqrt = unary('sqrt');
export const Not = unary('not');
export const Softplus = unary('softplus');
export const Erf = unary('erf');
export const Sin = unary('sin');
export const Cos = unary('cos');
export const Tan = unary('tan');
export const Asin = unary('asin');
export const Acos = unary('acos');
export const Atan = unary('atan');
export const Sinh = unary('sinh');
export const Cosh = unary('cosh');
export const Asinh = unary('asinh');
export const Acosh = unary('acosh');
export const Atanh = unary('atanh');
export const IsNaN = unary('is_nan');

export const IsInf = defineRule(
  ['X'],
  { detect_negative: 'int', detect_positive: 'int' },
  ({ X }, { detect_negative = 1, detect_positive = 1 }, at) => {
    const attributes = { positive: detect_positive !== 0, negative: detect_negative !== 0 };
    return at.emit('is_inf', { x: X }, attributes);
  },
);

/** Sizes and integers are whole already. */
const rounding = (kind: 'floor' | 'ceil' | 'round'): ImportRule =>
  defineRule(['X'], {}, ({ X }, _, at) =>
    X.type.dtype === 'float32' && X.kind !== 'dims' ? at.emit(kind, { x: X }, {}) : X,
  );

export const Floor = rounding('floor');
export const Ceil = rounding('ceil');
export const Round = rounding('round');

export const Mod = defineRule(['A', 'B'], { fmod: 'int' }, ({ A, B }, { fmod = 0 }, at) =>
  at.emit(fmod === 0 ? 'mod' : 'fmod', { a: A, b: B }, {}),
);

export const Reciprocal = defineRule(['X'], {}, ({ X }, _, at) => div(1, X, at));

export const LeakyRelu = defineRule(['X'], { alpha: 'float' }, ({ X }, { alpha = 0.01 }, at) =>
  at.emit('leaky_relu', { x: X }, { alpha }),
);

/** Attributes before opset 11, inputs since; an absent bound binds nothing. */
export const Clip = defineRule(
  ['input', 'min?', 'max?'],
  { min: 'float', max: 'float' },
  ({ input, min, max }, attributes, at) => {
    const low = min === undefined ? (attributes.min ?? -Infinity) : uniformValue(min);
    const high = max === undefined ? (attributes.max ?? Infinity) : uniformValue(max);
    if (low !== null && high !== null && low <= high) {
      if (low === -Infinity && high === Infinity) return input;
      return at.emit('clip', { x: input }, { min: low, max: high });
    }
    const raised = min === undefined ? input : binary('maximum', input, min, at);
    return max === undefined ? raised : binary('minimum', raised, max, at);
  },
);

/** The result is of the base's type, whatever the exponent's. */
export const Pow = defineRule(['X', 'Y'], {}, ({ X, Y }, _, at) => {
  const { dtype, shape } = X.type;
  if (dtype !== 'float32') return wholePower(X, Y, at);
  const joined = broadcastShapes(shape, Y.type.shape);
  const exponent = joined !== null && sameShape(joined, shape) ? uniformValue(Y) : null;
  if (exponent === null) return at.emit('pow', { a: X, b: castTo(Y, dtype, at) }, {});
  if (exponent === 1) return X;
  if (exponent === 2) return mul(X, X, at);
  return at.emit('power', { x: X }, { exponent });
});

/** A broken exponent is taken in floats, a little up: what should be whole may have been rounded down. */
function wholePower(x: Value, y: Value, at: NodeContext): Value {
  const { dtype } = x.type;
  if (y.type.dtype !== 'float32') return at.emit('pow', { a: x, b: castTo(y, dtype, at) }, {});
  const power = at.emit('pow', { a: castTo(x, 'float32', at), b: y }, {});
  return castTo(mul(power, 1 + 2 ** -20, at), dtype, at);
}

export const Where = defineRule(['condition', 'X', 'Y'], {}, ({ condition, X, Y }, _, at) => {
  const [chosen, left, right] = [dimsOf(condition), dimsOf(X), dimsOf(Y)];
  const computed = X.kind === 'dims' || Y.kind === 'dims';
  if (!computed) return at.emit('where', { condition, a: X, b: Y }, {});
  if (!chosen || !left || !right) return at.refuse('it chooses between sizes by computed values');
  const length = Math.max(chosen.length, left.length, right.length);
  const pick = <T>(list: readonly T[], i: number): T => list[list.length === 1 ? 0 : i]!;
  const dims = Array.from({ length }, (_entry, i) =>
    pick(chosen, i) !== 0 ? pick(left, i) : pick(right, i),
  );
  return dimsValue(dims, X.type.shape.length + Y.type.shape.length === 0 ? 0 : 1);
});

export const PRelu = defineRule(['X', 'slope'], {}, ({ X, slope }, _, at) => {
  const positive = at.emit('relu', { x: X }, {});
  return binary('add', positive, mul(slope, sub(X, positive, at), at), at);
});

export const HardSigmoid = defineRule(
  ['X'],
  { alpha: 'float', beta: 'float' },
  ({ X }, { alpha = 0.2, beta = 0.5 }, at) => hardSigmoid(X, alpha, beta, at),
);

export const HardSwish = defineRule(['X'], {}, ({ X }, _, at) =>
  mul(X, hardSigmoid(X, 1 / 6, 0.5, at), at),
);

function hardSigmoid(x: Value, alpha: number, beta: number, at: NodeContext): Value {
  const line = binary('add', mul(x, alpha, at), at.number(beta), at);
  return at.emit('clip', { x: line }, { min: 0, max: 1 });
}
