// A whole attack over a thousand batches: memory is what it was after a hundred.
import { expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { residentBytes, watchBuffers, type Buffers } from '../executor/watched-memory.ts';
import { randomTensor } from '../reference/random.ts';
import { convNet, IMAGE_SHAPE } from './models.ts';

const BATCH = 4;
const BATCHES = 1000;
const SETTLED = 100; // by then heaps, pools and caches have the size they keep, or nearly
const MOST_GROWTH = 40e6;

interface Held extends Buffers {
  readonly resident: number;
}

it('holds neither images nor buffers of batches that are done', async () => {
  const { live, stop } = await watchBuffers();
  const executor = await openWebGpu();
  const attack = await DeepFoolAttack.create(
    executor,
    convNet(5, 1),
    {},
    { batch: BATCH, images: true },
  );
  const after = new Map<number, Held>();
  const images = async function* (): AsyncGenerator<AttackImage> {
    for (let index = 0; index < BATCH * BATCHES; index++) {
      const batches = index / BATCH;
      if (batches === SETTLED) after.set(batches, { ...live(), resident: await residentBytes() });
      const { data } = randomTensor(IMAGE_SHAPE, index);
      yield { index, source: '', label: null, pixels: Float32Array.from(data) };
    }
  };
  let count = 0;
  for await (const { record } of attack.attack(images())) {
    expect(record.index).toBe(count++);
  }
  const [settled, end] = [after.get(SETTLED)!, { ...live(), resident: await residentBytes() }];
  expect(count).toBe(BATCH * BATCHES);
  // In mid-run some reads are under way, each with a buffer of its own; at the end there are none.
  expect(end.bytes).toBeLessThanOrEqual(settled.bytes);
  expect(end.count).toBeLessThanOrEqual(settled.count);
  expect(end.resident - settled.resident).toBeLessThan(MOST_GROWTH);
  attack.dispose();
  expect(live().count).toBe(0);
  executor.dispose();
  stop();
});
