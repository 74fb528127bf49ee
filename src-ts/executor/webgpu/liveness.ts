// When values live, and which share storage over time.
import type { ValueId } from '../../graph/op-set.ts';
import type { KernelCall } from '../../kernels/kernel.ts';
import { valueIdsOf } from './accesses.ts';

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

/** A value that shares storage with others: how large it is, and when it lives. */
export interface Tenant {
  readonly id: ValueId;
  readonly byteLength: number;
  readonly life: Lifetime;
}

export interface SlotPlan {
  readonly slotOf: ReadonlyMap<ValueId, number>;
  readonly byteLengths: readonly number[];
}

interface Slot {
  byteLength: number;
  readonly lives: Lifetime[];
}

type Order = (a: Tenant, b: Tenant) => number;
/** How much worse a free slot is for a tenant than others. */
type Misfit = (slot: Slot, tenant: Tenant) => number;

const bySize: Order = (a, b) => b.byteLength - a.byteLength;
const byFirst: Order = (a, b) => a.life.first - b.life.first;
const ORDERS: readonly Order[] = [
  (a, b) => byFirst(a, b) || bySize(a, b),
  (a, b) => bySize(a, b) || byFirst(a, b),
  (a, b) => bySize(a, b) || byFirst(b, a),
];

/** Bytes a slot has to grow by come before bytes it has too many. */
const inSize: Misfit = (slot, { byteLength }) =>
  slot.byteLength >= byteLength
    ? slot.byteLength - byteLength
    : Number.MAX_SAFE_INTEGER - slot.byteLength;
const inTime: Misfit = ({ lives }, { life }) =>
  Math.min(...lives.map((other) => Math.max(other.first - life.last, life.first - other.last)));
const MISFITS: readonly Misfit[] = [inSize, inTime];

/**
 * Gives values to slots so that those in one slot never live together. The least storage is hard to
 * find: of several greedy ways (compare Pisarchyk and Lee, 2020), this takes the one that needs least.
 */
export function shareSlots(tenants: readonly Tenant[]): SlotPlan {
  const plans = ORDERS.flatMap((order) => {
    const inTurn = [...tenants].sort(order);
    return MISFITS.map((misfit) => placeInTurn(inTurn, misfit));
  });
  return plans.reduce((best, plan) => (totalOf(plan) < totalOf(best) ? plan : best));
}

const totalOf = ({ byteLengths }: SlotPlan): number => byteLengths.reduce((a, b) => a + b, 0);

function placeInTurn(tenants: readonly Tenant[], misfit: Misfit): SlotPlan {
  const slots: Slot[] = [];
  const slotOf = new Map<ValueId, number>();
  for (const tenant of tenants) {
    const { id, life, byteLength } = tenant;
    let [best, least] = [-1, Infinity];
    for (const [at, slot] of slots.entries()) {
      if (slot.lives.some((other) => overlap(other, life))) continue;
      const worse = misfit(slot, tenant);
      if (worse < least) [best, least] = [at, worse];
    }
    if (best < 0) best = slots.push({ byteLength: 0, lives: [] }) - 1;
    const slot = slots[best]!;
    slot.byteLength = Math.max(slot.byteLength, byteLength);
    slot.lives.push(life);
    slotOf.set(id, best);
  }
  return { slotOf, byteLengths: slots.map(({ byteLength }) => byteLength) };
}

const overlap = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last;

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
