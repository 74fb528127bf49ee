// Streams that go on after a failure: every item gets one result, in order.
import { expect, it } from 'vitest';
import { resumed } from '../../src-ts/api/resume.ts';

async function* count(to: number, log: string[] = []): AsyncGenerator<number> {
  try {
    for (let k = 0; k < to; k++) {
      await Promise.resolve();
      yield k;
    }
  } finally {
    log.push('closed');
  }
}

/** Squares items, some ahead of their results; fails where it is told to. */
function squares(failures: number[], seen: number[][]) {
  return async function* (items: AsyncIterable<number>): AsyncGenerator<number> {
    const ahead: number[] = [];
    seen.push([]);
    for await (const item of items) {
      seen.at(-1)!.push(item);
      ahead.push(item);
      if (failures[0] === item) throw new Error(`at ${failures.shift()!}`);
      if (ahead.length > 3) yield ahead.shift()! ** 2;
    }
    for (const item of ahead) yield item ** 2;
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of items) all.push(each);
  return all;
}

it('hands out again what has no result, then goes on', async () => {
  const [log, seen, told]: [string[], number[][], unknown[]] = [[], [], []];
  const results = resumed(count(8, log), squares([5, 6], seen), (error, done) => {
    told.push((error as Error).message, done);
    return Promise.resolve();
  });
  expect(await collect(results)).toEqual([0, 1, 4, 9, 16, 25, 36, 49]);
  expect(told).toEqual(['at 5', 2, 'at 6', 3]);
  expect(seen).toEqual([
    [0, 1, 2, 3, 4, 5],
    [2, 3, 4, 5, 6],
    [3, 4, 5, 6, 7],
  ]);
  expect(log).toEqual(['closed']);
});

it('throws what cannot be mended, and lets go of the items', async () => {
  const log: string[] = [];
  const results = resumed(count(8, log), squares([5], []), (error) =>
    Promise.reject(error as Error),
  );
  await expect(collect(results)).rejects.toThrow('at 5');
  expect(log).toEqual(['closed']);
});

it('lets go of the items when nobody wants more', async () => {
  const log: string[] = [];
  const results = resumed(count(8, log), squares([], []), () => Promise.resolve());
  await results.next();
  await results.return(undefined);
  expect(log).toEqual(['closed']);
});
