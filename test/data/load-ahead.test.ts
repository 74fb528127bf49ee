// Loading ahead: in order, bounded, and never at the expense of the event loop.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadAhead } from '../../src-ts/data/load-ahead.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('keeps the order, whatever is through first', async () => {
  const load = async (index: number): Promise<number> => {
    for (let turn = 0; turn < (index * 7) % 5; turn++) await nextTurn();
    return index;
  };
  expect(await collect(loadAhead(50, 8, load))).toEqual([...Array(50).keys()]);
  expect(await collect(loadAhead(3, 100, load))).toEqual([0, 1, 2]);
  expect(await collect(loadAhead(0, 4, load))).toEqual([]);
});

it('fills its ring while the taker is busy, and no more than it', async () => {
  let begun = 0;
  const items = loadAhead(1000, 40, (index) => {
    begun++;
    return nextTurn(index);
  });
  expect(begun).toBe(0);
  for (let taken = 1; taken < 4; taken++) {
    await items.next();
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(begun).toBe(40 + taken);
  }
  await items.return();
});

it('has few on their way at a time', async () => {
  let [underWay, most] = [0, 0];
  const load = async (): Promise<void> => {
    most = Math.max(most, ++underWay);
    await nextTurn();
    underWay--;
  };
  await collect(loadAhead(200, 100, load));
  expect(most).toBe(16);
});

it('begins nothing more once it is left', async () => {
  let begun = 0;
  const items = loadAhead(1000, 100, (index) => {
    begun++;
    return nextTurn(index);
  });
  await items.next();
  await items.return();
  const before = begun;
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(begun).toBe(before);
});

it('tells a failure in its place', async () => {
  const load = (index: number): Promise<number> =>
    index === 2 ? Promise.reject(new Error('the third')) : Promise.resolve(index);
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    for await (const item of loadAhead(5, 5, load)) seen.push(item);
  };
  await expect(run()).rejects.toThrow('the third');
  expect(seen).toEqual([0, 1]);
});

it('lets the event loop turn though everything is in memory', async () => {
  let turns = 0;
  const count = setInterval(() => turns++, 1);
  const spin = (index: number): Promise<number> => {
    const until = performance.now() + 0.5;
    while (performance.now() < until);
    return Promise.resolve(index);
  };
  await collect(loadAhead(60, 8, spin));
  clearInterval(count);
  expect(turns).toBeGreaterThan(5);
});
