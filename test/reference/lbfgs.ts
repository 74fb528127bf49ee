// The box-constrained L-BFGS attack in plain loops and float64: for each c a minimisation of
// φ(x) = c · |x − x0|₂ + J(x, l) by projected L-BFGS with the classic two-loop recursion, and around it the
// search for the largest c whose minimiser is classified as l.
import type { Differentiable } from './classifier.ts';
import type { Vector } from './deepfool.ts';
import { argmax, softmax } from './fgsm.ts';

const HISTORY = 10;
const BOX = [0, 1] as const;

export interface ReferenceLbfgs {
  readonly target: number;
  readonly x: Vector;
  readonly l2: number;
}

export function lbfgs(classifier: Differentiable, x0: Vector, target: number): ReferenceLbfgs {
  let c = norm(lossAt(classifier, x0, target).gradient) / 16;
  let [low, high] = [0, 0];
  let best = x0;
  let smallest = Infinity;
  let anchor = x0;
  while (low === 0 || high === 0 || high - low >= 0.01 * high) {
    const x = minimise(classifier, x0, anchor, target, c);
    if (argmax(classifier.logits(x)) === target) {
      const size = norm(minus(x, x0));
      if (size < smallest) [best, smallest] = [x, size];
      [low, anchor] = [c, x];
    } else high = c;
    c = high === 0 ? 2 * c : low === 0 ? c / 2 : (low + high) / 2;
  }
  return { target, x: best, l2: smallest };
}

interface Loss {
  readonly value: number;
  readonly gradient: Vector;
}

/** J(x, target) and its gradient. */
export function lossAt(classifier: Differentiable, x: Vector, target: number): Loss {
  const logits = classifier.logits(x);
  const p = softmax(logits);
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  const others = p.reduce((total, value, k) => (k === target ? total : total + value), 0);
  const derivative = p.map((value, k) => (k === target ? -others : value));
  return {
    value: Math.log(sum) + largest - logits[target]!,
    gradient: classifier.product(x, derivative),
  };
}

function minimise(
  classifier: Differentiable,
  x0: Vector,
  start: Vector,
  target: number,
  c: number,
): Vector {
  const objective = (x: Vector): Loss => {
    const { value, gradient } = lossAt(classifier, x, target);
    const r = minus(x, x0);
    const size = norm(r);
    const pull = size > 0 ? c / size : 0;
    return { value: value + c * size, gradient: gradient.map((g, j) => g + pull * r[j]!) };
  };
  const pairs: { s: Vector; y: Vector }[] = [];
  let x = start;
  let here = objective(x);
  for (let iteration = 0; iteration < 60; iteration++) {
    const g = here.gradient.map((value, j) => (isStuck(x[j]!, value) ? 0 : value));
    if (norm(g) === 0) return x;
    const newton = twoLoops(pairs, g).map((d, j) => (isStuck(x[j]!, here.gradient[j]!) ? 0 : -d));
    const curved = pairs.length > 0 && dot(newton, g) < 0;
    const direction = curved ? newton : g.map((value) => -value);
    const away = norm(minus(x, x0));
    const first = away > 0 ? (0.1 * away) / norm(g) : here.value / norm(g) ** 2;
    const next = search(objective, x, here, direction, curved ? 1 : first);
    if (next === null) return x;
    const [s, y] = [minus(next.x, x), minus(next.gradient, here.gradient)];
    if (dot(s, y) > 1e-10 * norm(s) * norm(y)) pairs.unshift({ s, y });
    pairs.length = Math.min(pairs.length, HISTORY);
    const settled = here.value - next.value < 1e-6 * next.value;
    [x, here] = [next.x, next];
    if (settled) return x;
  }
  return x;
}

/** The first point along a direction, by halves, at which φ is low enough; null when there is none. */
function search(
  objective: (x: Vector) => Loss,
  x: Vector,
  here: Loss,
  direction: Vector,
  length: number,
): (Loss & { readonly x: Vector }) | null {
  for (let step = length, k = 0; k < 20; step /= 2, k++) {
    const trial = x.map((v, j) => Math.min(BOX[1], Math.max(BOX[0], v + step * direction[j]!)));
    const promised = dot(here.gradient, minus(trial, x));
    const there = objective(trial);
    if (promised < 0 && there.value < here.value + 1e-4 * promised) return { ...there, x: trial };
  }
  return null;
}

/** H g by the newest pairs first. */
function twoLoops(pairs: readonly { s: Vector; y: Vector }[], g: Vector): Vector {
  let q = g;
  const alphas = pairs.map(({ s, y }) => {
    const alpha = dot(s, q) / dot(s, y);
    q = q.map((value, j) => value - alpha * y[j]!);
    return alpha;
  });
  const [newest] = pairs;
  const gamma = newest === undefined ? 1 : dot(newest.s, newest.y) / dot(newest.y, newest.y);
  q = q.map((value) => gamma * value);
  for (const [k, { s, y }] of [...pairs.entries()].reverse()) {
    const beta = dot(y, q) / dot(s, y);
    q = q.map((value, j) => value + (alphas[k]! - beta) * s[j]!);
  }
  return q;
}

const isStuck = (value: number, gradient: number): boolean =>
  (value <= BOX[0] && gradient > 0) || (value >= BOX[1] && gradient < 0);
const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, j) => sum + value * b[j]!, 0);
const norm = (a: Vector): number => Math.sqrt(dot(a, a));
const minus = (a: Vector, b: Vector): Vector => a.map((value, j) => value - b[j]!);
