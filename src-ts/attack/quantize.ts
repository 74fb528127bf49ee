// Adversarial images that 8 bits can hold. Rounding to 256 levels may take a small perturbation back;
// so r̂ is lengthened, by a bisection on its scale, until the rounded image is fooled as well.
import type { Executor } from '../executor/executor.ts';
import { InternalError } from '../core/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { levelsWithin, snapToLevels } from './levels.ts';
import type { ResolvedOptions } from './options.ts';
import { ScaleSearch, type Scaled, type Searched, type SearchRule } from './scale-search.ts';

/**
 * Scales tried after 1: doubled until one fools, then halved in between. Of 17, a scale below 1024 is
 * known to a hundredth, and beyond that all but the smallest parts of r̂ have met the bounds.
 */
const RUNS = 17;
/** `high` before any scale has fooled. */
const NONE = 0;

/** One quantized image; `scale` ≥ 1 is what r̂ was multiplied by. */
export type Quantized = Scaled;

function lengthening(options: ResolvedOptions): SearchRule {
  const levels = levelsWithin(options.bounds);
  if (levels === null) throw new InternalError('no level lies within the bounds');
  return {
    next: (e, low, high) =>
      e.where(
        e.greater(high, e.number(NONE)),
        e.mul(e.add(low, high), e.number(0.5)),
        e.mul(low, e.number(2)),
      ),
    place: (e, x) => snapToLevels(e, x, levels),
  };
}

/** Quantization compiled for one model, one set of options and one device. */
export class Quantization {
  readonly #search: ScaleSearch;

  private constructor(search: ScaleSearch) {
    this.#search = search;
  }

  static async create(
    executor: Executor,
    model: Graph,
    options: ResolvedOptions,
    batch: number,
  ): Promise<Quantization> {
    const rule = lengthening(options);
    return new Quantization(await ScaleSearch.create(executor, model, options, batch, rule));
  }

  /** Quantizes at most a batch of images; null for one that no scale fools. */
  async quantize(images: readonly Searched[]): Promise<readonly (Quantized | null)[]> {
    const asTheyAre = await this.#search.search(images, { low: 0.5, high: NONE, runs: 1 });
    const lost = images.filter((_, k) => asTheyAre[k]!.scale === NONE);
    const longer = (await this.#search.search(lost, { low: 1, high: NONE, runs: RUNS })).values();
    const found = asTheyAre.map((each) => (each.scale === NONE ? longer.next().value! : each));
    return found.map((each) => (each.scale === NONE ? null : each));
  }

  dispose(): void {
    this.#search.dispose();
  }
}
