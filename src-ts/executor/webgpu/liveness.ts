// When values live, and which share storage over time.
import type { ValueId } from '../../graph/op-set.ts';
import type { KernelCall } from '../../kernels/kernel.ts';
import { valueIdsOf } from './accesses.ts';

/** Slots over time: a freed slot serves the next value it is large enough for, the tightest first. */
export class SlotAllocator {
  readonly byteLengths: number[] = [];
  readonly #free = new Set<number>();

  take(byteLength: number): number {
    let best: number | null = null;
    for (const slot of this.#free) {
      const size = this.byteLengths[slot]!;
      if (size >= byteLength && (best === null || size < this.byteLengths[best]!)) best = slot;
    }
    // No free slot is large enough: let the largest free one grow, rather than adding another.
    best ??= this.#largestFree();
    if (best === null) return this.byteLengths.push(byteLength) - 1;
    this.#free.delete(best);
    this.byteLengths[best] = Math.max(this.byteLengths[best]!, byteLength);
    return best;
  }

  release(slot: number): void {
    this.#free.add(slot);
  }

  #largestFree(): number | null {
    const free = [...this.#free];
    if (free.length === 0) return null;
    return free.reduce((a, b) => (this.byteLengths[a]! >= this.byteLengths[b]! ? a : b));
  }
}

export interface Lifetime {
  readonly first: number;
  last: number;
}

/** From the first to the last call that binds each value. */
export function lifetimes(
  calls: readonly { readonly call: KernelCall }[],
  rootOf: (id: ValueId) => ValueId,
): Map<ValueId, Lifetime> {
  const lives = new Map<ValueId, Lifetime>();
  for (const [at, { call }] of calls.entries()) {
    for (const id of valueIdsOf(call).map(rootOf)) {
      const life = lives.get(id);
      if (life === undefined) lives.set(id, { first: at, last: at });
      else life.last = at;
    }
  }
  return lives;
}

/** The values whose last use is each call. */
export function endingsOf(lives: ReadonlyMap<ValueId, Lifetime>): Map<number, ValueId[]> {
  const endings = new Map<number, ValueId[]>();
  for (const [id, { last }] of lives) {
    const known = endings.get(last);
    if (known === undefined) endings.set(last, [id]);
    else known.push(id);
  }
  return endings;
}

/** The largest sum of `bytesOf` over values alive at one time: no assignment of storage needs less. */
export function mostAlive(
  lives: ReadonlyMap<ValueId, Lifetime>,
  bytesOf: (id: ValueId) => number,
): number {
  const changes: number[] = [];
  for (const [id, { first, last }] of lives) {
    changes[first] = (changes[first] ?? 0) + bytesOf(id);
    changes[last + 1] = (changes[last + 1] ?? 0) - bytesOf(id);
  }
  let [alive, most] = [0, 0];
  changes.forEach((change) => {
    alive += change;
    most = Math.max(most, alive);
  });
  return most;
}
