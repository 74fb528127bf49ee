// Pointwise ops. ONNX has most of them by name; runtimes differ in the dtypes they take, so truth
// values are cast where an operator is commonly defined for numbers only.
import type { Dtype } from '../../core/shape.ts';
import type { BinaryKind } from '../../ops/pointwise/binary.ts';
import type { UnaryKind } from '../../ops/pointwise/unary.ts';
import type { ExportContext, Named } from './export-context.ts';
import type { ExportFamily, ExportRule } from './export-rule.ts';

type Operands = { readonly x: Named } | { readonly a: Named; readonly b: Named };

/** An ONNX operator of the same operands in the same order. */
const named =
  (operator: string) =>
  ({ inputs }: { readonly inputs: Operands }, at: ExportContext): string =>
    at.op(
      operator,
      Object.values(inputs as Record<string, Named>).map(({ name }) => name),
    );

/** One that is defined for numbers, where operands may be truth values. */
const numeric =
  (operator: string) =>
  ({ inputs: { a, b } }: { readonly inputs: { a: Named; b: Named } }, at: ExportContext): string =>
    at.op(operator, [asNumber(a, at), asNumber(b, at)]);

const asNumber = (value: Named, at: ExportContext): string =>
  value.type.dtype === 'bool' ? at.cast(value.name, 'int32') : value.name;

/** One that is defined for truth values. */
const logical =
  (operator: string) =>
  ({ inputs: { a, b } }: { readonly inputs: { a: Named; b: Named } }, at: ExportContext): string =>
    at.op(operator, [at.as(a, 'bool'), at.as(b, 'bool')]);

const clip: ExportRule<'clip'> = ({ inputs: { x }, attrs: { min, max } }, at) => {
  const low = min === -Infinity ? '' : at.number(min, x.type.dtype);
  const high = max === Infinity ? [] : [at.number(max, x.type.dtype)];
  return at.op('Clip', [x.name, low, ...high]);
};

const step: ExportRule<'step'> = ({ inputs: { x }, type }, at) => {
  const { dtype } = x.type;
  return at.cast(at.op('Greater', [x.name, at.number(0, dtype)]), type.dtype);
};

const inside: ExportRule<'inside'> = ({ inputs: { x }, attrs: { min, max }, type }, at) => {
  const { dtype } = x.type;
  const above = at.op('Greater', [x.name, at.number(min, dtype)]);
  const below = at.op('Less', [x.name, at.number(max, dtype)]);
  return at.cast(at.op('And', [above, below]), type.dtype);
};

const isFinite: ExportRule<'is_finite'> = ({ inputs: { x } }, at) => {
  const lost = at.op('Or', [at.op('IsNaN', [x.name]), at.op('IsInf', [x.name])]);
  return at.op('Not', [lost]);
};

const where: ExportRule<'where'> = ({ inputs: { condition, a, b }, type }, at) => {
  const chosen = at.as(condition, 'bool');
  if (type.dtype !== 'bool') return at.op('Where', [chosen, a.name, b.name]);
  return at.cast(at.op('Where', [chosen, asNumber(a, at), asNumber(b, at)]), 'bool');
};

/** Arithmetic on truth values, if there is any, is arithmetic on 0 and 1. */
const arithmetic =
  (operator: string) =>
  (
    {
      inputs: { a, b },
      type,
    }: { readonly inputs: { a: Named; b: Named }; readonly type: { readonly dtype: Dtype } },
    at: ExportContext,
  ): string => {
    const value = at.op(operator, [asNumber(a, at), asNumber(b, at)]);
    return type.dtype === 'bool' ? at.cast(value, 'bool') : value;
  };

const isInf: ExportRule<'is_inf'> = ({ inputs: { x }, attrs: { positive, negative } }, at) =>
  at.op('IsInf', [x.name], {
    detect_positive: Number(positive),
    detect_negative: Number(negative),
  });

/** Opset 17 takes the sign of the divisor for integers only; of floats it is made from the other form. */
const mod: ExportRule<'mod'> = ({ inputs: { a, b } }, at) => {
  if (a.type.dtype !== 'float32') return at.op('Mod', [asNumber(a, at), asNumber(b, at)]);
  const zero = at.number(0);
  const rest = at.op('Mod', [a.name, b.name], { fmod: 1 });
  const isNegative = at.op('Less', [rest, zero]);
  const apart = at.op('Xor', [isNegative, at.op('Less', [b.name, zero])]);
  const isRest = at.op('Not', [at.op('Equal', [rest, zero])]);
  const other = at.op('And', [apart, isRest]);
  return at.op('Where', [other, at.op('Add', [rest, b.name]), rest]);
};

/** Powers of integers through float32: runtimes differ in the rest. */
const pow: ExportRule<'pow'> = ({ inputs: { a, b }, type }, at) => {
  if (type.dtype === 'float32') return at.op('Pow', [a.name, b.name]);
  return at.cast(
    at.op('Pow', [at.cast(a.name, 'float32'), at.cast(b.name, 'float32')]),
    type.dtype,
  );
};

const bitwise = (_node: unknown, at: ExportContext): never =>
  at.refuse('ONNX has no bitwise operators before opset 18');

export const pointwiseRules: ExportFamily<UnaryKind | BinaryKind | 'where'> = {
  relu: named('Relu'),
  leaky_relu: ({ inputs: { x }, attrs: { alpha } }, at) =>
    at.op('LeakyRelu', [x.name], { alpha: { float: alpha } }),
  clip,
  sigmoid: named('Sigmoid'),
  tanh: named('Tanh'),
  neg: named('Neg'),
  abs: named('Abs'),
  sign: named('Sign'),
  exp: named('Exp'),
  log: named('Log'),
  sqrt: named('Sqrt'),
  elu: ({ inputs: { x }, attrs: { alpha } }, at) =>
    at.op('Elu', [x.name], { alpha: { float: alpha } }),
  softplus: named('Softplus'),
  erf: named('Erf'),
  sin: named('Sin'),
  cos: named('Cos'),
  tan: named('Tan'),
  asin: named('Asin'),
  acos: named('Acos'),
  atan: named('Atan'),
  sinh: named('Sinh'),
  cosh: named('Cosh'),
  asinh: named('Asinh'),
  acosh: named('Acosh'),
  atanh: named('Atanh'),
  floor: named('Floor'),
  ceil: named('Ceil'),
  round: named('Round'),
  step,
  inside,
  power: ({ inputs: { x }, attrs: { exponent } }, at) =>
    at.op('Pow', [x.name, at.number(exponent)]),
  round_through: named('Round'),
  dropout: ({ inputs: { x }, attrs: { ratio } }, at) =>
    at.op('Dropout', [x.name, at.number(ratio)]),
  is_finite: isFinite,
  is_nan: named('IsNaN'),
  is_inf: isInf,
  not: ({ inputs: { x } }, at) => at.op('Not', [at.as(x, 'bool')]),
  cast: ({ inputs: { x }, attrs: { to } }, at) => at.cast(x.name, to),
  add: arithmetic('Add'),
  sub: arithmetic('Sub'),
  mul: arithmetic('Mul'),
  div: arithmetic('Div'),
  pow,
  mod,
  fmod: ({ inputs: { a, b } }, at) => at.op('Mod', [asNumber(a, at), asNumber(b, at)], { fmod: 1 }),
  maximum: arithmetic('Max'),
  minimum: arithmetic('Min'),
  equal: named('Equal'),
  less: numeric('Less'),
  greater: numeric('Greater'),
  and: logical('And'),
  or: logical('Or'),
  xor: logical('Xor'),
  bit_and: bitwise,
  bit_or: bitwise,
  bit_xor: bitwise,
  where,
};
