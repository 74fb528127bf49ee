// Random numbers that are a function of a key and a counter: Threefry-2x32 with 20 rounds (Salmon, Moraes,
// Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). There is no state to keep in
// step: host and device give the same number for the same place, and a run can go on from any place.

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const PARITY = 0x1bd11bda;

/** The first of the two words that Threefry makes of a counter under a key of two words. */
export function randomWord(key: readonly [number, number], counter: number): number {
  const keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]] as const;
  let x = (counter + keys[0]) | 0;
  let y = (Math.floor(counter / 2 ** 32) + keys[1]) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    x = (x + y) | 0;
    const by = ROTATIONS[round % 8]!;
    y = ((y << by) | (y >>> (32 - by))) ^ x;
    if (round % 4 !== 3) continue;
    const turn = (round + 1) / 4;
    x = (x + keys[turn % 3]!) | 0;
    y = (y + keys[(turn + 1) % 3]! + turn) | 0;
  }
  return x >>> 0;
}

/** A uniform number in [0, 1): a multiple of 2⁻²⁴, so that float32 holds it. */
export function uniformAt(key: readonly [number, number], counter: number): number {
  return (randomWord(key, counter) >>> 8) / 2 ** 24;
}

/** The numbers 0 to `count` − 1 in an order that depends on the key alone (Fisher and Yates). */
export function permutation(count: number, key: readonly [number, number]): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const pick = Math.floor((randomWord(key, last) / 2 ** 32) * (last + 1));
    [order[last], order[pick]] = [order[pick]!, order[last]!];
  }
  return order;
}
