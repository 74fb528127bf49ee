// The host's side of continuous batching: which image is in which slot, the stream the next ones come
// from, and the order in which results leave.
import { InternalError } from '../core/errors.ts';
import type { AttackImage } from './record.ts';

/** An image in a slot, and the place of its result. */
export interface Occupant {
  readonly slot: number;
  readonly image: AttackImage;
  readonly place: number;
}

export class Slots {
  /** Whether no image has entered yet: a stream starts with a full batch. */
  fresh = true;
  readonly #occupants: (Occupant | null)[];

  constructor(count: number) {
    this.#occupants = Array<null>(count).fill(null);
  }

  get taken(): number {
    return this.#occupants.filter((occupant) => occupant !== null).length;
  }

  get free(): number {
    return this.#occupants.length - this.taken;
  }

  occupants(): readonly Occupant[] {
    return this.#occupants.filter((occupant) => occupant !== null);
  }

  /** Whether this very image is still in its slot. */
  holds(occupant: Occupant): boolean {
    return this.#occupants[occupant.slot] === occupant;
  }

  /** Gives an image the first free slot, and returns it. */
  take(image: AttackImage, place: number): number {
    const slot = this.#occupants.indexOf(null);
    if (slot < 0) throw new InternalError('no slot is free');
    this.#occupants[slot] = { slot, image, place };
    return slot;
  }

  release({ slot }: Occupant): void {
    this.#occupants[slot] = null;
  }
}

/** A stream of images that can be asked for one without waiting for it. */
export class ImageQueue {
  readonly #iterator: AsyncIterator<AttackImage> | Iterator<AttackImage>;
  #asked: Promise<IteratorResult<AttackImage>> | null = null;
  #arrived: IteratorResult<AttackImage> | null = null;

  constructor(images: AsyncIterable<AttackImage> | Iterable<AttackImage>) {
    this.#iterator =
      Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]();
  }

  /** The next image; null at the end, or, unless told to wait, when it has not arrived. */
  async next(wait: boolean): Promise<AttackImage | null> {
    this.#asked ??= Promise.resolve(this.#iterator.next()).then((result) => {
      this.#arrived = result;
      return result;
    });
    // One turn of the event loop lets a stream that has its next image at hand deliver it.
    await (wait ? this.#asked : Promise.race([this.#asked, nextTurn()]));
    const result = this.#arrived;
    if (result === null || result.done === true) return null;
    this.#asked = null;
    this.#arrived = null;
    return result.value;
  }

  /** Tells the stream that no more is wanted. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Hands out results in the order their places were reserved. */
export class InOrder<T> {
  readonly #waiting = new Map<number, T>();
  #reserved = 0;
  #next = 0;

  /** Results that are there, but wait for an earlier one. */
  get held(): number {
    return this.#waiting.size;
  }

  reserve(): number {
    return this.#reserved++;
  }

  put(place: number, result: T): void {
    this.#waiting.set(place, result);
  }

  /** The results whose turn it is. */
  *takeReady(): Generator<T> {
    for (;;) {
      const result = this.#waiting.get(this.#next);
      if (result === undefined) return;
      this.#waiting.delete(this.#next++);
      yield result;
    }
  }

  /** All others, in no order. */
  rest(): T[] {
    return [...this.#waiting.values()];
  }
}
