// Normalisations, composed from sums and powers, and the soft maximum.
import { formatShape, formatType } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { resolveReshape } from '../reshape-target.ts';
import type { Value } from '../value.ts';
import { add, div, mul, reshapeTo, sub, sum } from './compose.ts';

/** γ (x − μ) / √(σ² + ε) + β with the trained μ and σ²: a factor and a sum per channel. */
export const BatchNormalization = defineRule(
  ['X', 'scale', 'B', 'input_mean', 'input_var'],
  { epsilon: 'float', momentum: 'float', spatial: 'int', training_mode: 'int' },
  (
    { X, scale, B, input_mean, input_var },
    { epsilon = 1e-5, spatial = 1, training_mode = 0 },
    at,
  ) => {
    if (training_mode !== 0) {
      return at.refuse('training_mode 1: the images of a batch would not be independent');
    }
    if (spatial !== 1) return at.refuse('spatial 0');
    const { shape } = X.type;
    if (shape.length < 2) at.fail(`its input ${formatShape(shape)} has no channels`);
    const channels = at.staticDim(shape, 1);
    const parameters = [scale, B, input_mean, input_var];
    for (const { type } of parameters) {
      if (type.shape.length === 1 && type.shape[0] === channels) continue;
      at.fail(`a parameter is ${formatType(type)} for ${channels} channels`);
    }
    const perChannel = [channels, ...shape.slice(2).map(() => 1)];
    if (parameters.some(({ kind }) => kind !== 'constant')) {
      const [gamma, beta, mean, variance] = parameters.map((x) => reshapeTo(x, perChannel, at));
      const deviation = at.emit('sqrt', { x: add(variance!, at.number(epsilon), at) }, {});
      const scaled = mul(sub(X, mean!, at), div(gamma!, deviation, at), at);
      return add(scaled, beta!, at);
    }
    const [gamma, beta, mean, variance] = parameters.map((x) => at.numbers(x, 'parameter'));
    // In float64, rounded once.
    const factor = gamma!.map((value, c) => value / Math.sqrt(variance![c]! + epsilon));
    const offset = beta!.map((value, c) => value - mean![c]! * factor[c]!);
    const scaled = mul(X, at.floats(perChannel, factor), at);
    return add(scaled, at.floats(perChannel, offset), at);
  },
);

/** x / (bias + α/size Σ x²)^β, the sum over `size` neighbouring channels. */
export const LRN = defineRule(
  ['X'],
  { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
  ({ X }, { alpha = 1e-4, beta = 0.75, bias = 1, size }, at) => {
    if (size === undefined || size < 1) return at.fail('size is missing');
    const channels = at.staticDim(X.type.shape, 1);
    const window = {
      axis: 1,
      before: Math.min(channels, Math.floor((size - 1) / 2)),
      after: Math.min(channels, Math.ceil((size - 1) / 2)),
    };
    const energy = at.emit('window_sum', { x: mul(X, X, at) }, window);
    const base = add(mul(energy, alpha / size, at), bias, at);
    return mul(X, at.emit('power', { x: base }, { exponent: -beta }), at);
  },
);

/** Before opset 13 all axes from `axis` on are one; since, a single axis, by default the last. */
export function alongAxis(
  x: Value,
  axis: number | undefined,
  at: NodeContext,
  apply: (x: Value, axis: number) => Value,
): Value {
  const { shape } = x.type;
  const rank = shape.length;
  if (rank === 0) return apply(reshapeTo(x, [1], at), 0);
  if (at.opset >= 13) return apply(x, at.axis(axis ?? -1, rank));
  const first = axis === undefined ? Math.min(1, rank - 1) : at.axis(axis, rank);
  const sizes = shape.slice(first);
  if (sizes.filter((dim) => dim !== 1).length <= 1) {
    // One axis at most matters: no need to flatten.
    const place = sizes.findIndex((dim) => dim !== 1);
    return apply(x, place < 0 ? first : first + place);
  }
  const flat = resolveReshape(shape, [...shape.slice(0, first), -1]);
  if (typeof flat === 'string') return at.fail(flat);
  return reshapeTo(apply(reshapeTo(x, flat, at), first), shape, at);
}

export const Softmax = defineRule(['input'], { axis: 'int' }, ({ input }, { axis }, at) =>
  alongAxis(input, axis, at, (x, along) => at.emit('softmax', { x }, { axis: along })),
);

export const LogSoftmax = defineRule(['input'], { axis: 'int' }, ({ input }, { axis }, at) =>
  alongAxis(input, axis, at, (x, along) => logSoftmax(x, along, at)),
);

export function logSoftmax(x: Value, axis: number, at: NodeContext): Value {
  const shifted = sub(x, at.emit('reduce_max', { x }, { axes: [axis] }), at);
  const total = sum(at.emit('exp', { x: shifted }, {}), [axis], at);
  return sub(shifted, at.emit('log', { x: total }, {}), at);
}

/**
 * In inference nothing is dropped: the mask, if it is read, is true everywhere. Graphs that will be
 * trained keep a mark in its place.
 */
export const Dropout = defineRule(
  ['data', 'ratio?', 'training_mode?'],
  { ratio: 'float', seed: 'int' },
  ({ data, ratio, training_mode }, { ratio: ratioAttribute }, at) => {
    const number = (value: Value | undefined, name: string, absent: number): number =>
      value === undefined ? absent : (at.numbers(value, name)[0] ?? absent);
    const training = number(training_mode, 'training_mode', 0);
    if (training !== 0 && number(ratio, 'ratio', 0.5) !== 0) {
      return at.refuse('training_mode 1: it would drop at random');
    }
    if (at.outputCount < 2) {
      const share = number(ratio, 'ratio', ratioAttribute ?? 0.5);
      return at.keepsDropout && share > 0
        ? at.emit('dropout', { x: data }, { ratio: share })
        : data;
    }
    const { dtype, shape } = data.type;
    const one = at.number(1, at.opset < 10 ? dtype : 'bool');
    return [data, at.emit('expand', { x: one }, { shape })];
  },
);
