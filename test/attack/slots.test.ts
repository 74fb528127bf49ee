// The host's side of continuous batching: slots, the stream of images, and the order of results.
import { describe, expect, it } from 'vitest';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import { ImageQueue, InOrder, Slots } from '../../src-ts/attack/slots.ts';

const image = (index: number): AttackImage => ({
  index,
  source: `image ${index}`,
  label: null,
  pixels: new Float32Array(1),
});

describe('slots', () => {
  it('are taken from the first free one on, and given on when released', () => {
    const slots = new Slots(2);
    expect(slots.take(image(0), 0)).toBe(0);
    expect(slots.take(image(1), 1)).toBe(1);
    expect(slots.free).toBe(0);
    const [first] = slots.occupants();
    slots.release(first!);
    expect(slots.take(image(2), 2)).toBe(0);
    expect(slots.holds(first!)).toBe(false);
    expect(slots.occupants().map(({ image: { index } }) => index)).toEqual([2, 1]);
  });

  it('that are all taken refuse another image', () => {
    const slots = new Slots(1);
    slots.take(image(0), 0);
    expect(() => slots.take(image(1), 1)).toThrow('no slot is free');
  });
});

describe('an image queue', () => {
  it('gives what is at hand, and null at the end', async () => {
    const queue = new ImageQueue([image(0), image(1)]);
    expect((await queue.next(false))?.index).toBe(0);
    expect((await queue.next(true))?.index).toBe(1);
    expect(await queue.next(true)).toBeNull();
    expect(await queue.next(false)).toBeNull();
  });

  it('does not wait for an image that has not arrived, and does not lose it', async () => {
    let deliver: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    async function* slow(): AsyncGenerator<AttackImage> {
      await arrival;
      yield image(7);
    }
    const queue = new ImageQueue(slow());
    expect(await queue.next(false)).toBeNull();
    deliver();
    expect((await queue.next(true))?.index).toBe(7);
  });

  it('passes on what the stream throws', async () => {
    async function* broken(): AsyncGenerator<AttackImage> {
      await Promise.resolve();
      throw new Error('the disk is gone');
      yield image(0);
    }
    await expect(new ImageQueue(broken()).next(true)).rejects.toThrow('the disk is gone');
  });

  it('tells the stream when no more is wanted', async () => {
    let closed = false;
    function* stream(): Generator<AttackImage> {
      try {
        yield image(0);
        yield image(1);
      } finally {
        closed = true;
      }
    }
    const queue = new ImageQueue(stream());
    await queue.next(true);
    await queue.close();
    expect(closed).toBe(true);
  });
});

it('results leave in the order of their places, however they come', () => {
  const results = new InOrder<string>();
  const [a, b, c] = [results.reserve(), results.reserve(), results.reserve()];
  results.put(c, 'c');
  expect([...results.takeReady()]).toEqual([]);
  expect(results.held).toBe(1);
  results.put(a, 'a');
  expect([...results.takeReady()]).toEqual(['a']);
  results.put(b, 'b');
  expect([...results.takeReady()]).toEqual(['b', 'c']);
});
