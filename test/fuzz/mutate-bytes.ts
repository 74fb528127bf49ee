// Damage to a file that knows nothing of what it holds.
export type Random = () => number;

export const below = (random: Random, count: number): number => Math.floor(random() * count);

export const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]!;

type ByteMutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const edited =
  (edit: (copy: Uint8Array, random: Random) => void): ByteMutation =>
  (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    if (copy.length > 0) edit(copy, random);
    return copy;
  };

/** A stretch that is short most of the time; files keep their structure near their ends. */
function stretch(bytes: Uint8Array, random: Random): [number, number] {
  const start = below(random, bytes.length);
  const length = 1 + below(random, Math.min(bytes.length - start, random() < 0.7 ? 32 : 4096));
  return [start, start + length];
}

const flipBits = edited((copy, random) => {
  const count = 1 + below(random, 8);
  for (let i = 0; i < count; i++) copy[below(random, copy.length)]! ^= 1 << below(random, 8);
});

const setBytes = edited((copy, random) => {
  const count = 1 + below(random, 4);
  for (let i = 0; i < count; i++) {
    copy[below(random, copy.length)] = pick(random, [0, 0xff, 0x7f, 0x80, below(random, 256)]);
  }
});

const fill = edited((copy, random) => {
  const [start, end] = stretch(copy, random);
  copy.fill(pick(random, [0, 0xff, 0x80]), start, end);
});

const truncate: ByteMutation = (bytes, random) => bytes.slice(0, below(random, bytes.length + 1));

const swapBlocks = edited((copy, random) => {
  const [start, end] = stretch(copy, random);
  const other = below(random, copy.length - (end - start) + 1);
  const block = copy.slice(start, end);
  copy.copyWithin(start, other, other + block.length);
  copy.set(block, other);
});

const removeBlock: ByteMutation = (bytes, random) => {
  if (bytes.length === 0) return bytes;
  const [start, end] = stretch(bytes, random);
  return joined(bytes.subarray(0, start), bytes.subarray(end));
};

const repeatBlock: ByteMutation = (bytes, random) => {
  if (bytes.length === 0) return bytes;
  const [start, end] = stretch(bytes, random);
  return joined(bytes.subarray(0, end), bytes.subarray(start));
};

const insertVarint: ByteMutation = (bytes, random) => {
  const at = below(random, bytes.length + 1);
  const length = 1 + below(random, 11);
  const varint = new Uint8Array(length).fill(0xff);
  varint[length - 1] = 0x7f;
  return joined(bytes.subarray(0, at), varint, bytes.subarray(at));
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const MUTATIONS = [
  ...[flipBits, setBytes, fill, truncate, swapBlocks, removeBlock, repeatBlock, insertVarint],
];

export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let mutated = bytes;
  const count = 1 + below(random, 3);
  for (let i = 0; i < count; i++) mutated = pick(random, MUTATIONS)(mutated, random);
  return mutated;
}
