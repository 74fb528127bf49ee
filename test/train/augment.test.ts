// Augmented images, each against its original mirrored and moved by hand.
import { expect, it } from 'vitest';
import { uniformAt } from '../../src-ts/core/random.ts';
import { intTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { Expressions } from '../../src-ts/ops/expressions.ts';
import { augment, type Augmentation } from '../../src-ts/train/augment.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { N } from './tiny.ts';

const [COUNT, C, H, W] = [200, 2, 4, 5];
const SEED = 11;
const images = randomTensor([COUNT, C, H, W], 1);

function augmented(options: Augmentation): ArrayLike<number> {
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [N, C, H, W] });
  const seed = b.input('seed', { dtype: 'int32', shape: [1] });
  b.output('y', augment(new Expressions(b), x, seed, options));
  return interpret(b.finish(), { x: images, seed: intTensor([1], [SEED]) })['y']!.data;
}

/** The image's value at a place, or 0 outside. */
function valueAt(image: number, channel: number, y: number, x: number): number {
  const isInside = y >= 0 && y < H && x >= 0 && x < W;
  return isInside ? images.data[((image * C + channel) * H + y) * W + x]! : 0;
}

it.each([
  { flip: true, shift: 0 },
  { flip: false, shift: 2 },
  { flip: true, shift: 1 },
])('flip $flip, shift $shift', ({ flip, shift }) => {
  const came = augmented({ flip, shift });
  const moves = new Set<string>();
  for (let image = 0; image < COUNT; image++) {
    const drawn = (salt: number): number => uniformAt([SEED, salt], image);
    const isMirrored = flip && drawn(1) >= 0.5;
    const by = (salt: number): number =>
      shift === 0 ? 0 : Math.floor(drawn(salt) * (2 * shift + 1)) - shift;
    const [down, across] = [by(2), by(3)];
    moves.add(`${isMirrored} ${down} ${across}`);
    for (let at = 0; at < C * H * W; at++) {
      const [channel, y, x] = [Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W];
      const column = x + across;
      const want = valueAt(image, channel, y + down, isMirrored ? W - 1 - column : column);
      const got = came[image * C * H * W + at];
      // Beyond the edge both are 0, on whichever side of the mirror.
      expect(got, `image ${image}, element ${at}`).toBe(want);
    }
  }
  expect(moves.size).toBe((flip ? 2 : 1) * (2 * shift + 1) ** 2);
});
