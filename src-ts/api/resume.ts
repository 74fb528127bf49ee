// A stream of results that goes on after a failure: what has no result yet is asked for once more.

/** Items as they come, kept until they are answered, so that they can be handed out again. */
class Replay<T> {
  readonly #source: AsyncIterator<T>;
  readonly #open: T[] = [];

  constructor(items: AsyncIterable<T>) {
    this.#source = items[Symbol.asyncIterator]();
  }

  /** The items without an answer, then those that nobody has seen. */
  async *items(): AsyncGenerator<T> {
    yield* [...this.#open];
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return;
      this.#open.push(next.value);
      yield next.value;
    }
  }

  /** The first of the open items has its answer. */
  answer(): void {
    this.#open.shift();
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

/**
 * The results of `begin`, one for each item in their order. Where it throws, `recover` mends what it can, or
 * throws, and `begin` takes up the items that have no result. It must have let go of its items by then.
 */
export async function* resumed<T, R>(
  items: AsyncIterable<T>,
  begin: (items: AsyncIterable<T>) => AsyncIterable<R>,
  recover: (error: unknown, done: number) => Promise<void>,
): AsyncGenerator<R> {
  const replay = new Replay(items);
  let done = 0;
  try {
    for (;;) {
      try {
        for await (const result of begin(replay.items())) {
          replay.answer();
          done++;
          yield result;
        }
        return;
      } catch (error) {
        await recover(error, done);
      }
    }
  } finally {
    await replay.close();
  }
}
