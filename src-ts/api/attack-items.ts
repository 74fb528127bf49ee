// Images through an attack, in their order: those that could not be read keep their place, and what fools is
// saved where that is asked for.
import type { Attack } from '../attack/attack.ts';
import { unreadableRecord, type AttackImage } from '../attack/record.ts';
import { isReadable, type AttackItem, type UnreadableImage } from './images.ts';
import type { Result } from './result.ts';
import type { ImageSaver } from './saved-images.ts';

/** Attacks images and, with a saver, saves what fools. */
export function attackItems(
  attack: Attack,
  items: AsyncIterable<AttackItem>,
  saver: ImageSaver | null,
): AsyncGenerator<Result> {
  const results = attackInOrder(attack, items);
  return saver === null ? results : saver.save(results);
}

/** Attacks what can be read; the rest takes its place in the order as `failed`. */
async function* attackInOrder(
  attack: Attack,
  items: AsyncIterable<AttackItem>,
): AsyncGenerator<Result> {
  const order: AttackItem[] = [];
  const readable = async function* (): AsyncGenerator<AttackImage> {
    for await (const item of items) {
      order.push(item);
      if (isReadable(item)) yield item;
    }
  };
  const failed = (item: UnreadableImage): Result => ({
    record: unreadableRecord(item, item.reason, attack.options),
    image: null,
    adversarial: null,
  });
  const unreadableFirst = function* (): Generator<Result> {
    for (let item = order[0]; item !== undefined && !isReadable(item); item = order[0]) {
      order.shift();
      yield failed(item);
    }
  };
  for await (const result of attack.attack(readable())) {
    yield* unreadableFirst();
    order.shift();
    const fooled = result.record.status === 'fooled';
    yield { ...result, adversarial: fooled ? result.adversarial : null };
  }
  yield* unreadableFirst();
}
