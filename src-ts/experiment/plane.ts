// A plane through a point of image space, spanned by two directions of it: what figures 2 to 5 are slices of.
// Its coordinates are orthonormal, so that distances in a picture are those of image space.
import { InternalError } from '../core/errors.ts';
import type { Linearization, Point } from './probe.ts';

/** Coordinates in the plane, and how far from it the point is. */
export interface PlanePoint {
  readonly s: number;
  readonly t: number;
  readonly off: number;
}

export const dot = (a: Point, b: Point): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
export const norm = (a: Point): number => Math.sqrt(dot(a, a));
export const minus = (a: Point, b: Point): Point => a.map((value, i) => value - b[i]!);

/** Two directions are the same to this share of their length. */
const PARALLEL = 1e-4;

export class Plane {
  readonly origin: Point;
  readonly #s: Point;
  readonly #t: Point;

  private constructor(origin: Point, s: Point, t: Point) {
    this.origin = origin;
    this.#s = s;
    this.#t = t;
  }

  /** The plane of `origin`, whose first axis is `first`, and which has `second` in it, on its upper side. */
  static through(origin: Point, first: Point, second: Point): Plane {
    const s = unit(first);
    const along = dot(second, s);
    const across = second.map((value, i) => value - along * s[i]!);
    if (!(norm(across) > PARALLEL * norm(second))) {
      throw new InternalError('a plane needs two directions');
    }
    return new Plane(origin, s, unit(across));
  }

  /** The point of image space at the plane's (s, t). */
  at(s: number, t: number): Point {
    return this.origin.map((value, i) => value + s * this.#s[i]! + t * this.#t[i]!);
  }

  /** Where a point of image space falls on the plane. */
  project(x: Point): PlanePoint {
    const r = minus(x, this.origin);
    const [s, t] = [dot(r, this.#s), dot(r, this.#t)];
    return { s, t, off: Math.sqrt(Math.max(0, dot(r, r) - s * s - t * t)) };
  }

  /** The logits of a linearisation on the plane: f_k(s, t) = value + slope[0] s + slope[1] t. */
  restrict({ at, logits, gradients }: Linearization): LinearFunction[] {
    const r = minus(this.origin, at);
    return logits.map((value, k) => {
      const w = gradients[k]!;
      return { value: value + dot(w, r), slope: [dot(w, this.#s), dot(w, this.#t)] };
    });
  }
}

/** A linear function on the plane. */
export interface LinearFunction {
  readonly value: number;
  readonly slope: readonly [s: number, t: number];
}

function unit(a: Point): Point {
  const length = norm(a);
  return a.map((value) => value / length);
}

/** A rectangle of the plane. */
export interface Window {
  readonly s: readonly [from: number, to: number];
  readonly t: readonly [from: number, to: number];
}

/** Values on a grid of points over a window, row by row from the lowest t. */
export interface Grid<T> {
  readonly window: Window;
  readonly width: number;
  readonly height: number;
  readonly values: readonly T[];
}

/** Share of a window by which a grid reaches beyond it, so that contours do not end inside. */
const BEYOND = 0.02;

/** The (s, t) of the points of a grid that covers a window. */
export function gridOver(window: Window, width: number): Grid<readonly [s: number, t: number]> {
  const grown = { s: grow(window.s), t: grow(window.t) };
  const [[s0, s1], [t0, t1]] = [grown.s, grown.t];
  const height = Math.round((width * (t1 - t0)) / (s1 - s0));
  const values = Array.from({ length: width * height }, (_, at) => {
    // Middles of cells, as Plot.contour reads them.
    const [column, row] = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
    const s = s0 + ((s1 - s0) * column) / width;
    return [s, t0 + ((t1 - t0) * row) / height] as const;
  });
  return { window: grown, width, height, values };
}

const grow = ([from, to]: Window['s']): Window['s'] => {
  const more = BEYOND * (to - from);
  return [from - more, to + more];
};
