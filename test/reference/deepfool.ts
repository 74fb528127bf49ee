// DeepFool in plain loops and float64: the specification in code, to which the step graph is held.
//
//   paper          here                       paper             here
//   x0, x_i        x0, x                      k̂(x0)             original
//   r (sum)        r                          f'_k, w'_k        gap, normal of a Face
//   η              overshoot                  l̂                 nearest
//
// Departures from the paper: the linearisation is at the overshot point; with bounds, r is what the
// clipped iterate makes of it; a step is never shorter than 1e-7 · ‖x0‖_p; the authors' stabilizer.
// Lazily, classes whose estimated distance is beyond `lazy` times the nearest are left out.
export type Vector = readonly number[];

export interface Classifier {
  /** One number a class, or a single one whose sign decides. */
  readonly logits: (x: Vector) => Vector;
  /** The gradients of some logits at x. */
  readonly linearize: (x: Vector, classes: readonly number[]) => readonly Vector[];
}

export interface ReferenceOptions {
  readonly norm: number;
  readonly overshoot: number;
  readonly candidates: number | 'all';
  readonly lazy: number | null;
  readonly maxSteps: number;
  readonly stabilizer: number;
  readonly bounds: readonly [number, number] | null;
  readonly target: number | null;
}

export interface ReferenceResult {
  readonly status: 'fooled' | 'exhausted' | 'stalled' | 'failed';
  readonly original: number;
  /** The class at the last point that was looked at. */
  readonly adversarial: number;
  readonly steps: number;
  /** Normals that were computed. */
  readonly products: number;
  /** The last point that was looked at. */
  readonly x: Vector;
}

interface Face {
  readonly gap: number;
  readonly normal: Vector;
}

const SHORTEST_STEP = 1e-7;

/** Algorithm 2 of the paper; algorithm 1 for a classifier with one logit. */
export function deepfool(
  classifier: Classifier,
  x0: Vector,
  options: ReferenceOptions,
): ReferenceResult {
  const { norm: p, overshoot, stabilizer, lazy, maxSteps, bounds, target } = options;
  const atStart = classifier.logits(x0);
  const original = predict(atStart);
  const rivals = rivalsOf(atStart, original, options);
  const norms = rivals.map(() => 0);
  let products = 0;
  let r: Vector = x0.map(() => 0);
  for (let steps = 0; ; steps++) {
    const free = x0.map((value, j) => value + (1 + overshoot) * r[j]!);
    const x = bounds === null ? free : free.map((v) => Math.min(bounds[1], Math.max(bounds[0], v)));
    if (bounds !== null) r = x.map((value, j) => (value - x0[j]!) / (1 + overshoot));
    const logits = classifier.logits(x);
    const adversarial = predict(logits);
    const end = (status: ReferenceResult['status']): ReferenceResult => ({
      ...{ status, original, adversarial, steps, products, x },
    });
    if (!logits.every(Number.isFinite)) return end('failed');
    if (target === null ? adversarial !== original : adversarial === target) return end('fooled');
    if (steps === maxSteps) return end('exhausted');
    const look = (classes: readonly number[]): Face[] =>
      facesAt(classifier, x, logits, original, classes);
    const gaps = rivals.map((k) => Math.abs(logits[k]! - logits[original]!));
    const all = lazy === null || logits.length === 1;
    const faces = all ? look(rivals) : lookLazily(look, rivals, gaps, norms, lazy, p);
    const seen = faces.filter((face) => face !== null);
    products += seen.length;
    if (!seen.every(({ normal }) => Number.isFinite(dualNormOf(normal, p)))) return end('failed');
    const distances = faces.map((face) => distanceTo(face, p));
    const nearest = indexOfSmallest(distances);
    if (nearest === null) return end('stalled');
    const shortest = SHORTEST_STEP * normOf(x0, p);
    const length = Math.max(distances[nearest]! + stabilizer, shortest);
    const direction = directionOf(faces[nearest]!.normal, p);
    r = r.map((value, j) => value + length * direction[j]!);
  }
}

function predict(logits: Vector): number {
  if (logits.length === 1) return logits[0]! > 0 ? 1 : 0;
  return logits.reduce((best, logit, k) => (logit > logits[best]! ? k : best), 0);
}

/** I without the original class. */
function rivalsOf(
  logits: Vector,
  original: number,
  { candidates, target }: ReferenceOptions,
): number[] {
  if (target !== null) return [target];
  const count = candidates === 'all' ? logits.length : candidates;
  const ranked = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  return ranked.slice(0, count).filter((k) => k !== original);
}

/** f'_k and w'_k of each rival; of a binary classifier, the one face f = 0, seen from x. */
function facesAt(
  classifier: Classifier,
  x: Vector,
  logits: Vector,
  original: number,
  rivals: readonly number[],
): Face[] {
  if (logits.length === 1) {
    const [gradient] = classifier.linearize(x, [0]);
    const away = original === 1 ? -1 : 1;
    return [{ gap: away * logits[0]!, normal: gradient!.map((g) => away * g) }];
  }
  const [own, ...others] = classifier.linearize(x, [original, ...rivals]);
  return rivals.map((k, at) => ({
    gap: logits[k]! - logits[original]!,
    normal: others[at]!.map((g, j) => g - own![j]!),
  }));
}

/** Infinite for a face without a normal, and for one that was left out. */
function distanceTo(face: Face | null, p: number): number {
  const norm = face === null ? 0 : dualNormOf(face.normal, p);
  return norm > 0 ? Math.abs(face!.gap) / norm : Infinity;
}

/**
 * Some of the faces, null for those left out: 1, 2, 4, … classes at a time, the nearest by estimate
 * first. `norms` holds those of each class's last normal, 0 where none was seen (then 1.5 times the
 * largest is assumed), and learns new ones.
 */
function lookLazily(
  look: (classes: readonly number[]) => readonly Face[],
  rivals: readonly number[],
  gaps: Vector,
  norms: number[],
  slack: number,
  p: number,
): (Face | null)[] {
  const estimate = (at: number): number =>
    gaps[at]! / (norms[at]! > 0 ? norms[at]! : 1.5 * Math.max(...norms) || 1);
  const order = [...rivals.keys()].sort((a, b) => estimate(a) - estimate(b) || a - b);
  const faces: (Face | null)[] = rivals.map(() => null);
  for (let size = 1; order.length > 0; size *= 2) {
    const nearest = Math.min(...faces.map((face) => distanceTo(face, p)));
    const round = order.splice(0, order.length < 2 * size ? order.length : size);
    const wanted = round.filter((at) => size === 1 || estimate(at) <= slack * nearest);
    const found = look(wanted.map((at) => rivals[at]!));
    for (const [k, at] of wanted.entries()) faces[at] = found[k]!;
    for (const at of wanted) norms[at] = dualNormOf(faces[at]!.normal, p);
  }
  return faces;
}

/** The first of the smallest finite numbers; faces without a normal are infinitely far. */
function indexOfSmallest(distances: Vector): number | null {
  let best: number | null = null;
  for (const [k, distance] of distances.entries()) {
    if (!Number.isFinite(distance)) continue;
    if (best === null || distance < distances[best]!) best = k;
  }
  return best;
}

export function normOf(x: Vector, p: number): number {
  if (p === Infinity) return Math.max(...x.map(Math.abs));
  return x.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);
}

/** ‖w‖_q with 1/p + 1/q = 1. */
export function dualNormOf(w: Vector, p: number): number {
  if (p === 1) return normOf(w, Infinity);
  return normOf(w, p === Infinity ? 1 : p / (p - 1));
}

/** The vector of unit p-norm with the largest ⟨w, ·⟩. */
export function directionOf(w: Vector, p: number): Vector {
  if (p === Infinity) return w.map(Math.sign);
  if (p === 1) {
    const largest = w.reduce(
      (best, value, j) => (Math.abs(value) > Math.abs(w[best]!) ? j : best),
      0,
    );
    return w.map((value, j) => (j === largest ? Math.sign(value) : 0));
  }
  const q = p / (p - 1);
  const norm = normOf(w, q);
  return w.map((value) => (Math.abs(value) / norm) ** (q - 1) * Math.sign(value));
}
