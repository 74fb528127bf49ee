// What random cases are made of: sizes, choices and numbers, all drawn through fast-check, so that a
// run is the same for the same seed and a failure is reported small.
import fc, { type GeneratorValue } from 'fast-check';
import { elementCount, type StaticShape } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { seededRandom } from '../reference/random.ts';

export interface Range {
  readonly min?: number;
  readonly max?: number;
  /** Points that no number comes near: where the op has a kink, a jump or a pole. */
  readonly away?: readonly number[];
}

/** How far numbers stay from kinks; central differences reach 0.002. */
const GAP = 0.05;

export class Draw {
  readonly #draw: GeneratorValue;
  /** The most spatial axes of windows: kernels know two, plain loops any number. */
  readonly spatialAxes: number;

  constructor(draw: GeneratorValue, { spatialAxes = 3 } = {}) {
    this.#draw = draw;
    this.spatialAxes = spatialAxes;
  }

  int(min: number, max: number): number {
    return this.#draw(fc.integer, { min, max });
  }

  flag(): boolean {
    return this.#draw(fc.boolean);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  ints(count: number, min: number, max: number): number[] {
    return Array.from({ length: count }, () => this.int(min, max));
  }

  /** Sizes of `rank` axes, few elements in all. */
  sizes(rank: number): number[] {
    return this.ints(rank, 1, rank > 2 ? 3 : 5);
  }

  permutation(count: number): number[] {
    const left = [...Array(count).keys()];
    return Array.from({ length: count }, () => left.splice(this.int(0, left.length - 1), 1)[0]!);
  }

  /** A shuffled walk over float32 numbers of a range. */
  floats(shape: StaticShape, { min = -1.5, max = 1.5, away = [] }: Range = {}): Tensor {
    const random = this.#random();
    const next = (): number => {
      const value = min + (max - min) * random();
      return away.some((point) => Math.abs(value - point) < GAP) ? next() : value;
    };
    return floatTensor(shape, Array.from({ length: elementCount(shape) }, next));
  }

  /** Numbers of which no two are nearer than 0.04, in any order, one list for each shape. */
  distinct(...shapes: readonly StaticShape[]): Tensor[] {
    const random = this.#random();
    const counts = shapes.map(elementCount);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const places = Array.from({ length: total }, (_, i) => [random(), i] as const);
    places.sort(([a], [b]) => a - b);
    const values = places.map(([, i]) => (i - total / 2) * 0.06 + 0.02 * random());
    let start = 0;
    return shapes.map((shape, k) => floatTensor(shape, values.slice(start, (start += counts[k]!))));
  }

  flags(shape: StaticShape): Tensor {
    const random = this.#random();
    const data = Int32Array.from({ length: elementCount(shape) }, () => (random() < 0.5 ? 0 : 1));
    return tensor('bool', shape, data);
  }

  integers(shape: StaticShape, min: number, max: number): Tensor {
    const random = this.#random();
    const next = (): number => min + Math.floor((max - min + 1) * random());
    return intTensor(shape, Array.from({ length: elementCount(shape) }, next));
  }

  #random(): () => number {
    return seededRandom(this.int(0, 2 ** 30));
  }
}

/** Pairs of any images in any order: of some several, of some none. */
export function drawOwners(draw: Draw, images: number): number[] {
  return draw.ints(draw.int(1, 4), 0, images - 1);
}
