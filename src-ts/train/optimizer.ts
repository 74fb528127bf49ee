// Optimisers as graph: what they keep for each parameter, and the update of one parameter. Numbers that
// change from step to step (the learning rate, Adam's corrections) are computed on the host and are
// inputs of the step.
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';

export interface SgdSettings {
  readonly kind: 'sgd';
  /** μ of v ← μ v + g, w ← w − rate · v (as PyTorch has it). */
  readonly momentum: number;
  /** λ of g ← g + λ w, for all parameters. */
  readonly weightDecay: number;
}

/** Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1. */
export interface AdamSettings {
  readonly kind: 'adam';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** λ of g ← g + λ w, for all parameters. */
  readonly weightDecay: number;
}

export type OptimizerSettings = SgdSettings | AdamSettings;

type Named<T> = Readonly<Record<string, T>>;

export interface Optimizer {
  /** What is kept for each parameter, of its shape and zero at first. */
  readonly keeps: readonly string[];
  /** The numbers that step `count` (from 1) at a learning rate needs. */
  readonly numbers: (rate: number, count: number) => Named<number>;
  /** Appends the update of one parameter. */
  readonly update: (
    e: Expressions,
    at: {
      readonly w: ValueId;
      readonly gradient: ValueId;
      readonly kept: Named<ValueId>;
      readonly numbers: Named<ValueId>;
    },
  ) => { readonly w: ValueId; readonly kept: Named<ValueId> };
}

export function createOptimizer(settings: OptimizerSettings): Optimizer {
  return settings.kind === 'sgd' ? sgd(settings) : adam(settings);
}

function decayed(e: Expressions, gradient: ValueId, w: ValueId, weightDecay: number): ValueId {
  return weightDecay === 0 ? gradient : e.add(gradient, e.mul(w, e.number(weightDecay)));
}

function sgd({ momentum, weightDecay }: SgdSettings): Optimizer {
  return {
    keeps: momentum === 0 ? [] : ['velocity'],
    numbers: (rate) => ({ rate }),
    update: (e, { w, gradient, kept, numbers }) => {
      const g = decayed(e, gradient, w, weightDecay);
      const velocity = momentum === 0 ? g : e.add(e.mul(kept['velocity']!, e.number(momentum)), g);
      const next = e.sub(w, e.mul(velocity, numbers['rate']!));
      return { w: next, kept: momentum === 0 ? {} : { velocity } };
    },
  };
}

function adam({ beta1, beta2, epsilon, weightDecay }: AdamSettings): Optimizer {
  const average = (e: Expressions, old: ValueId, value: ValueId, beta: number): ValueId =>
    e.add(e.mul(old, e.number(beta)), e.mul(value, e.number(1 - beta)));
  return {
    keeps: ['mean', 'square'],
    // The estimates' corrections: rate / (1 − β₁ᵗ), and 1 / √(1 − β₂ᵗ) under the root.
    numbers: (rate, count) => ({
      rate: rate / (1 - beta1 ** count),
      spread: 1 / Math.sqrt(1 - beta2 ** count),
    }),
    update: (e, { w, gradient, kept, numbers }) => {
      const g = decayed(e, gradient, w, weightDecay);
      const mean = average(e, kept['mean']!, g, beta1);
      const square = average(e, kept['square']!, e.mul(g, g), beta2);
      const deviation = e.mul(e.power(square, 0.5), numbers['spread']!);
      const direction = e.div(mean, e.add(deviation, e.number(epsilon)));
      return { w: e.sub(w, e.mul(direction, numbers['rate']!)), kept: { mean, square } };
    },
  };
}
