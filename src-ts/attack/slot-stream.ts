// Runs a step graph over a stream of images: fills slots, runs steps ahead of what has been read of them,
// and gives the slots of images that are done to the next ones, as language-model servers do. Nothing
// waits for the host.
import type { AttackImage } from './record.ts';
import { ImageQueue, InOrder, Slots, type Occupant } from './slots.ts';

/** Results held back for an earlier image that takes long, in batches. */
const MOST_HELD = 16;
/** Steps enqueued beyond the last whose outcome has been read; so long is the slot of an image that is done idle. */
export const STEPS_IN_FLIGHT = 2;

/** A step graph as the stream drives it. All work is enqueued at once, in the order of the calls. */
export interface SlotWork<Reading, Result> {
  /** Slots. */
  readonly batch: number;
  /** Marks every slot as done. */
  readonly clear: () => void;
  /** Puts an image into a slot. */
  readonly fill: (slot: number, image: AttackImage) => void;
  /** Runs a step with at most so many images, and reads what became of them. */
  readonly step: (live: number) => Promise<Reading>;
  /** Whether the image of a slot is done. */
  readonly isDone: (reading: Reading, slot: number) => boolean;
  /** The results of images that are done, one each; their slots are given away after this call. */
  readonly finish: (done: readonly Occupant[], reading: Reading) => readonly Promise<Result>[];
}

/** Results come in the order of the images. */
export async function* streamThroughSlots<Reading, Result>(
  images: AsyncIterable<AttackImage> | Iterable<AttackImage>,
  work: SlotWork<Reading, Result>,
): AsyncGenerator<Result> {
  const queue = new ImageQueue(images);
  const slots = new Slots(work.batch);
  const results = new InOrder<Promise<Result>>();
  const behind: { occupants: readonly Occupant[]; reading: Promise<Reading> }[] = [];
  work.clear();
  const settle = async (): Promise<void> => {
    const { occupants, reading } = behind.shift()!;
    const read = await reading;
    const done = occupants.filter((each) => slots.holds(each) && work.isDone(read, each.slot));
    for (const [k, result] of work.finish(done, read).entries()) {
      results.put(done[k]!.place, handled(result));
      slots.release(done[k]!);
    }
  };
  try {
    while (await fill(slots, queue, results, work)) {
      behind.push({ occupants: slots.occupants(), reading: handled(work.step(slots.taken)) });
      if (behind.length > STEPS_IN_FLIGHT) await settle();
      for (const result of results.takeReady()) yield await result;
    }
    // No slot is taken, so what is still to be read has nothing new.
    for (const result of results.takeReady()) yield await result;
  } finally {
    await Promise.allSettled([...behind.map(({ reading }) => reading), ...results.rest()]);
    await queue.close();
  }
}

/** Gives free slots to the next images; false when there are none, and no slot is taken. */
async function fill<Reading, Result>(
  slots: Slots,
  queue: ImageQueue,
  results: InOrder<Promise<Result>>,
  work: SlotWork<Reading, Result>,
): Promise<boolean> {
  // Results wait for earlier images: the stream pauses before too many of them are held.
  while (slots.free > 0 && results.held < MOST_HELD * work.batch) {
    // The device has no reason to wait for an image while it has others, but starts with all it can.
    const image = await queue.next(slots.fresh || slots.taken === 0);
    if (image === null) break;
    work.fill(slots.take(image, results.reserve()), image);
  }
  slots.fresh = false;
  return slots.taken > 0;
}

/** A promise that is awaited later: until then its failure is nobody's. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
