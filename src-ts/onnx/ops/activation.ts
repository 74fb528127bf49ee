// Activations that are composed, with the specification's defaults.
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { add, div, mul } from './compose.ts';

const elu = (x: Value, alpha: number, at: NodeContext): Value => at.emit('elu', { x }, { alpha });

const isAbove = (x: Value, bound: number, at: NodeContext): Value =>
  at.emit('greater', { a: x, b: at.number(bound) }, {});

export const Elu = defineRule(['X'], { alpha: 'float' }, ({ X }, { alpha = 1 }, at) =>
  elu(X, alpha, at),
);

export const Selu = defineRule(
  ['X'],
  { alpha: 'float', gamma: 'float' },
  ({ X }, { alpha = 1.6732631921768188, gamma = 1.0507010221481323 }, at) =>
    mul(elu(X, alpha, at), gamma, at),
);

/** max(0, x) + min(0, α (exp(x / α) − 1)): an Elu of x / α, scaled back. */
export const Celu = defineRule(['X'], { alpha: 'float' }, ({ X }, { alpha = 1 }, at) =>
  mul(elu(mul(X, 1 / alpha, at), 1, at), alpha, at),
);

export const Softsign = defineRule(['input'], {}, ({ input }, _, at) =>
  div(input, add(at.emit('abs', { x: input }, {}), 1, at), at),
);

export const Mish = defineRule(['X'], {}, ({ X }, _, at) =>
  mul(X, at.emit('tanh', { x: at.emit('softplus', { x: X }, {}) }, {}), at),
);

export const Swish = defineRule(['X'], { alpha: 'float' }, ({ X }, { alpha = 1 }, at) =>
  mul(X, at.emit('sigmoid', { x: mul(X, alpha, at) }, {}), at),
);

export const ThresholdedRelu = defineRule(['X'], { alpha: 'float' }, ({ X }, { alpha = 1 }, at) =>
  at.emit('where', { condition: isAbove(X, alpha, at), a: X, b: at.number(0) }, {}),
);

export const Shrink = defineRule(
  ['input'],
  { bias: 'float', lambd: 'float' },
  ({ input: x }, { bias = 0, lambd = 0.5 }, at) => {
    const isBelow = at.emit('less', { a: x, b: at.number(-lambd) }, {});
    const a = add(x, at.number(bias), at);
    const low = at.emit('where', { condition: isBelow, a, b: at.number(0) }, {});
    const high = add(x, at.number(-bias), at);
    return at.emit('where', { condition: isAbove(x, lambd, at), a: high, b: low }, {});
  },
);

/** x Φ(x), or its approximation by a tanh. */
export const Gelu = defineRule(['X'], { approximate: 'string' }, ({ X }, { approximate }, at) => {
  const half = mul(X, 0.5, at);
  if (approximate === undefined || approximate === 'none') {
    const share = at.emit('erf', { x: mul(X, Math.SQRT1_2, at) }, {});
    return mul(half, add(share, 1, at), at);
  }
  if (approximate !== 'tanh') return at.fail(`approximate "${approximate}"`);
  const cubic = mul(mul(mul(X, X, at), X, at), 0.044715, at);
  const bent = mul(add(X, cubic, at), Math.sqrt(2 / Math.PI), at);
  return mul(half, add(at.emit('tanh', { x: bent }, {}), 1, at), at);
});
