// Augmentation on the device: each image of a batch mirrored and moved at random, as one gather. What
// moves in from outside is 0.
import { intTensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';

export interface Augmentation {
  /** Mirrors every second image, on average, left to right. */
  readonly flip: boolean;
  /** Moves images by up to so many pixels along each axis. */
  readonly shift: number;
}

/** Salts of the random numbers, which are told apart from those of Dropout by them. */
const SALTS = { flip: 1, down: 2, across: 3 } as const;

/** Appends the augmentation of images x [N, C, H, W]; `seed` is one int32, another for each batch. */
export function augment(
  e: Expressions,
  x: ValueId,
  seed: ValueId,
  { flip, shift }: Augmentation,
): ValueId {
  if (!flip && shift === 0) return x;
  const { builder } = e;
  const [images, channels, height, width] = builder.typeOf(x).shape;
  const [C, H, W] = [channels, height, width] as number[] as [number, number, number];
  const counted = (shape: readonly number[], count: number): ValueId =>
    builder.constant(intTensor(shape, [...Array(count).keys()]));
  const drawn = (salt: number, choices: number): ValueId => {
    const shape = [images!, 1, 1, 1];
    const uniform = builder.emit('random_uniform', { seed }, { shape, salt });
    return e.toInt(e.mul(uniform, e.number(choices)));
  };
  const moved = (at: ValueId, salt: number): ValueId =>
    shift === 0 ? at : e.add(at, e.sub(drawn(salt, 2 * shift + 1), e.int(shift)));
  const down = moved(counted([1, 1, H, 1], H), SALTS.down);
  const along = moved(counted([1, 1, 1, W], W), SALTS.across);
  const mirrored = e.sub(e.int(W - 1), along);
  const isMirrored = e.equal(drawn(SALTS.flip, 2), e.int(1));
  const across = flip ? e.where(isMirrored, mirrored, along) : along;

  const both = (a: ValueId, b: ValueId): ValueId => builder.emit('and', { a, b }, {});
  const within = (at: ValueId, size: number): ValueId =>
    both(e.less(at, e.int(size)), e.greater(at, e.int(-1)));
  const place = e.add(e.mul(down, e.int(W)), across);
  const size = C * H * W;
  const offset = e.mul(counted([1, C, 1, 1], C), e.int(H * W));
  const index = builder.emit('reshape', { x: e.add(place, offset) }, { shape: [images!, size] });
  const list = builder.emit('reshape', { x }, { shape: [images!, size, 1] });
  const taken = builder.emit('gather', { x: list, index }, {});
  const planes = builder.emit('reshape', { x: taken }, { shape: [images!, C, H, W] });
  return e.where(both(within(down, H), within(across, W)), planes, e.number(0));
}
