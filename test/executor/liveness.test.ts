// Sharing storage over time: no two values in one slot live together, and little is wasted.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mostAlive, shareSlots, type Tenant } from '../../src-ts/executor/webgpu/liveness.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';

const tenant = (id: number, byteLength: number, first: number, last: number): Tenant => ({
  id: id as ValueId,
  byteLength,
  life: { first, last },
});

const total = (byteLengths: readonly number[]): number => byteLengths.reduce((a, b) => a + b, 0);

function boundOf(tenants: readonly Tenant[]): number {
  const sizes = new Map(tenants.map(({ id, byteLength }) => [id, byteLength]));
  return mostAlive(new Map(tenants.map(({ id, life }) => [id, life])), (id) => sizes.get(id)!);
}

it('the most that lives at one time counts both ends of a life', () => {
  expect(boundOf([tenant(0, 16, 0, 1), tenant(1, 32, 1, 2), tenant(2, 64, 3, 3)])).toBe(64);
  expect(boundOf([tenant(0, 16, 0, 1), tenant(1, 32, 1, 2), tenant(2, 24, 2, 3)])).toBe(56);
});

it('a value takes the slot of one that is dead', () => {
  const tenants = [tenant(0, 16, 0, 1), tenant(1, 32, 1, 2), tenant(2, 16, 2, 3)];
  const { slotOf, byteLengths } = shareSlots(tenants);
  expect(total(byteLengths)).toBe(48);
  expect(slotOf.get(2 as ValueId)).toBe(slotOf.get(0 as ValueId));
});

const tenants = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.nat(40), fc.nat(8)), { maxLength: 60 })
  .map((all) =>
    all.map(([size, first, length], id) => tenant(id, 16 * size, first, first + length)),
  );

it('no two values in one slot live together, and each fits', () => {
  const property = fc.property(tenants, (all) => {
    const { slotOf, byteLengths } = shareSlots(all);
    for (const a of all) {
      expect(byteLengths[slotOf.get(a.id)!]).toBeGreaterThanOrEqual(a.byteLength);
      for (const b of all) {
        if (a.id >= b.id || slotOf.get(a.id) !== slotOf.get(b.id)) continue;
        expect(a.life.last < b.life.first || b.life.last < a.life.first).toBe(true);
      }
    }
    expect(total(byteLengths)).toBeGreaterThanOrEqual(boundOf(all));
  });
  fc.assert(property, { seed: 7, numRuns: 300 });
});

it('values of one size need no more than the bound', () => {
  const property = fc.property(tenants, (all) => {
    const alike = all.map((each) => ({ ...each, byteLength: 16 }));
    expect(total(shareSlots(alike).byteLengths)).toBe(boundOf(alike));
  });
  fc.assert(property, { seed: 7, numRuns: 100 });
});
