// Small random numbers for tests, the same in every run.
import { elementCount, type StaticShape } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';

/** A generator of uniform numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A float32 tensor of uniform numbers between −1 and 1. */
export function randomTensor(shape: StaticShape, seed: number): Tensor {
  const random = seededRandom(seed);
  const values = Array.from({ length: elementCount(shape) }, () => 2 * random() - 1);
  return floatTensor(shape, values);
}
