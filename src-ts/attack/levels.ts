// The 256 levels that an image file has for a value in [0, 1]: level / 255, in float32 as image
// decoders give it.
import { floatTensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';

const TOP_LEVEL = 255;

/** The lowest and the highest level within bounds; null when there is none. */
export function levelsWithin(
  bounds: readonly [number, number] | null,
): readonly [number, number] | null {
  const [low, high] = bounds ?? [0, 1];
  const slack = 1e-6; // of a level: 0.1 + 0.2 is still 0.3
  const lowest = Math.max(0, Math.ceil(low * TOP_LEVEL - slack));
  const highest = Math.min(TOP_LEVEL, Math.floor(high * TOP_LEVEL + slack));
  return lowest <= highest ? [lowest, highest] : null;
}

/**
 * The nearest values that have a level between `lowest` and `highest`, on the device. They come from a
 * table, since the device's division may be off in the last bit.
 */
export function snapToLevels(
  e: Expressions,
  x: ValueId,
  [lowest, highest]: readonly [number, number],
): ValueId {
  const b = e.builder;
  const nearest = b.emit('round', { x: e.mul(x, e.number(TOP_LEVEL)) }, {});
  const level = e.toInt(b.emit('clip', { x: nearest }, { min: lowest, max: highest }));
  const values = Array.from({ length: TOP_LEVEL + 1 }, (_, each) => each / TOP_LEVEL);
  const table = b.constant(floatTensor([1, values.length, 1], values));
  const shape = [e.batchOf(x), values.length, 1];
  const tables = b.emit('expand', { x: table }, { shape });
  const picked = b.emit('gather', { x: tables, index: e.lines(level) }, {});
  return b.emit('reshape', { x: picked }, { shape: b.typeOf(x).shape });
}
