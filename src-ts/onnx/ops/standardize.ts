// Normalisations by statistics of the input itself: y = (x − mean) / √(variance + ε) over some axes, and
// division by a norm.
import { isStatic, productOf, type Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { add, axesFrom, div, mean, mul, reshapeTo, rootOfSum, sub, sum } from './compose.ts';

interface Standardized {
  readonly value: Value;
  readonly mean: Value;
  /** 1 / √(variance + ε) */
  readonly factor: Value;
}

function standardize(
  x: Value,
  axes: readonly number[],
  epsilon: number,
  at: NodeContext,
): Standardized {
  const centre = mean(x, axes, at);
  const apart = sub(x, centre, at);
  const factor = inverseRoot(mean(mul(apart, apart, at), axes, at), epsilon, at);
  return { value: mul(apart, factor, at), mean: centre, factor };
}

const inverseRoot = (x: Value, epsilon: number, at: NodeContext): Value =>
  at.emit('power', { x: add(x, at.number(epsilon), at) }, { exponent: -0.5 });

/** `scale` and `bias` belong to the normalised axes, from `axis` on. */
export const LayerNormalization = defineRule(
  ['X', 'Scale', 'B?'],
  { axis: 'int', epsilon: 'float', stash_type: 'int' },
  ({ X, Scale, B }, { axis = -1, epsilon = 1e-5 }, at) => {
    const rank = X.type.shape.length;
    const axes = axesFrom(at.axis(axis, rank), rank);
    const { value, mean: centre, factor } = standardize(X, axes, epsilon, at);
    const scaled = mul(value, Scale, at);
    return [B === undefined ? scaled : add(scaled, B, at), centre, factor];
  },
);

export const RMSNormalization = defineRule(
  ['X', 'scale'],
  { axis: 'int', epsilon: 'float', stash_type: 'int' },
  ({ X, scale }, { axis = -1, epsilon = 1e-5 }, at) => {
    const rank = X.type.shape.length;
    const axes = axesFrom(at.axis(axis, rank), rank);
    const factor = inverseRoot(mean(mul(X, X, at), axes, at), epsilon, at);
    return mul(mul(X, factor, at), scale, at);
  },
);

/** A parameter of one number per channel, shaped to meet [N, C, …spatial]. */
function perChannel(parameter: Value, shape: Shape, at: NodeContext): Value {
  const channels = at.staticDim(shape, 1);
  if (parameter.type.shape.length !== 1 || parameter.type.shape[0] !== channels) {
    at.fail(`a parameter has not one number for each of ${channels} channels`);
  }
  return reshapeTo(parameter, [channels, ...shape.slice(2).map(() => 1)], at);
}

export const InstanceNormalization = defineRule(
  ['input', 'scale', 'B'],
  { epsilon: 'float' },
  ({ input, scale, B }, { epsilon = 1e-5 }, at) => {
    const { shape } = input.type;
    if (shape.length < 3) at.fail('its input has no spatial dimensions');
    const { value } = standardize(input, axesFrom(2, shape.length), epsilon, at);
    return add(mul(value, perChannel(scale, shape, at), at), perChannel(B, shape, at), at);
  },
);

/** Since opset 21 scale and bias are per channel; before, per group. */
export const GroupNormalization = defineRule(
  ['X', 'scale', 'bias'],
  { epsilon: 'float', num_groups: 'int', stash_type: 'int' },
  ({ X, scale, bias }, { epsilon = 1e-5, num_groups }, at) => {
    const { shape } = X.type;
    const [batch, ...rest] = shape;
    const channels = at.staticDim(shape, 1);
    if (num_groups === undefined || num_groups < 1 || channels % num_groups !== 0) {
      return at.fail(`num_groups ${num_groups ?? 'is missing'} for ${channels} channels`);
    }
    if (!isStatic(rest)) return at.fail('only its first dimension may be open');
    const size = productOf(rest) as number;
    const groups = reshapeTo(X, [batch!, num_groups, size / num_groups], at);
    const { value } = standardize(groups, [2], epsilon, at);
    if (at.opset >= 21) {
      const whole = reshapeTo(value, shape, at);
      return add(mul(whole, perChannel(scale, shape, at), at), perChannel(bias, shape, at), at);
    }
    const { shape: grouped } = value.type;
    const factor = perChannel(scale, grouped, at);
    return reshapeTo(add(mul(value, factor, at), perChannel(bias, grouped, at), at), shape, at);
  },
);

/** As ONNX defines it: the deviation plus 1e-9, by default over all but the channels. */
export const MeanVarianceNormalization = defineRule(
  ['X'],
  { axes: 'ints', across_channels: 'int', normalize_variance: 'int' },
  ({ X }, { axes = [0, 2, 3] }, at) => {
    const over = axes.map((axis) => at.axis(axis, X.type.shape.length));
    const apart = sub(X, mean(X, over, at), at);
    const deviation = rootOfSum(mean(mul(apart, apart, at), over, at), at);
    return div(apart, add(deviation, at.number(1e-9), at), at);
  },
);

/** x / ‖x‖ along an axis; zeros stay zeros. */
export const LpNormalization = defineRule(
  ['input'],
  { axis: 'int', p: 'int' },
  ({ input: x }, { axis = -1, p = 2 }, at) => {
    const axes = [at.axis(axis, x.type.shape.length)];
    if (p !== 1 && p !== 2) return at.fail(`p ${p}`);
    const norm =
      p === 1
        ? sum(at.emit('abs', { x }, {}), axes, at)
        : rootOfSum(sum(mul(x, x, at), axes, at), at);
    const isZero = at.emit('equal', { a: norm, b: at.number(0) }, {});
    return div(x, at.emit('where', { condition: isZero, a: at.number(1), b: norm }, {}), at);
  },
);
