// Fast gradient sign in plain loops: x0 + ε · sign(∇J(x0, k̂(x0))).
import type { Differentiable } from './classifier.ts';
import type { Vector } from './deepfool.ts';

/** `float32` subtracts one-hot from probabilities rounded to float32, and so loses what rounds to 1. */
export type GradientForm = 'stable' | 'float32';

export interface ReferenceFgsm {
  readonly original: number;
  readonly adversarial: number;
  readonly sign: Vector;
}

export function fgsm(
  classifier: Differentiable,
  x0: Vector,
  epsilon: number,
  form: GradientForm,
): ReferenceFgsm {
  const logits = classifier.logits(x0);
  const original = argmax(logits);
  const p = softmax(logits);
  const others = p.reduce((sum, value, k) => (k === original ? sum : sum + value), 0);
  const derivative =
    form === 'stable'
      ? p.map((value, k) => (k === original ? -others : value))
      : p.map((value, k) => Math.fround(Math.fround(value) - +(k === original)));
  const sign = classifier.product(x0, derivative).map(Math.sign);
  const x = x0.map((value, j) => value + epsilon * sign[j]!);
  return { original, adversarial: argmax(classifier.logits(x)), sign };
}

export function argmax(values: Vector): number {
  return values.reduce((best, value, k) => (value > values[best]! ? k : best), 0);
}

export function softmax(logits: Vector): Vector {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
