// The share of images that an ε misleads. Most ε tried are too small, which a few images show: those that
// held out against larger ε are asked first, and no more of them once too many hold out.
import { handled } from '../slot-stream.ts';

/** Groups that the device is given before the first of them is read back. */
const IN_FLIGHT = 2;

/** Which images of a group an ε misleads. */
export type Trial<T> = (group: readonly T[], epsilon: number) => Promise<readonly boolean[]>;

export class FoolingRate<T> {
  readonly #trial: Trial<T>;
  readonly #batch: number;
  /** Each image with the largest ε it is known to hold out against, the hardest first. */
  #images: { readonly image: T; holds: number }[];

  constructor(images: readonly T[], batch: number, trial: Trial<T>) {
    this.#images = images.map((image) => ({ image, holds: 0 }));
    this.#batch = batch;
    this.#trial = trial;
  }

  /** The share that ε misleads; where that is less than `wanted`, some number ≥ it that is less too. */
  async at(epsilon: number, wanted: number): Promise<number> {
    const { length } = this.#images;
    if (length === 0) return 0;
    this.#images.sort((a, b) => b.holds - a.holds);
    const behind: Promise<number>[] = [];
    let misled = length;
    for (let at = 0; at < length && misled / length >= wanted; at += this.#batch) {
      behind.push(handled(this.#countHolding(at, epsilon)));
      if (behind.length === IN_FLIGHT) misled -= await behind.shift()!;
    }
    for (const holding of behind) misled -= await holding;
    return misled / length;
  }

  async #countHolding(at: number, epsilon: number): Promise<number> {
    const group = this.#images.slice(at, at + this.#batch);
    const images = group.map(({ image }) => image);
    const misled = await this.#trial(images, epsilon);
    const holding = group.filter((_, k) => misled[k] === false);
    for (const each of holding) each.holds = Math.max(each.holds, epsilon);
    return holding.length;
  }
}
