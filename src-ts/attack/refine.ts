// Refinement of a result: a bisection along r̂ between a point that is not fooled and the one that is.
// DeepFool overshoots the boundary on purpose; this finds how far along its direction is enough. The
// result is never larger than DeepFool's, and is again a point whose logits were seen.
import type { Executor } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import type { ResolvedOptions } from './options.ts';
import { ScaleSearch, type Scaled, type Searched, type SearchRule } from './scale-search.ts';

/**
 * Halvings of [0, 1]: to a thousandth of r̂. Finer ones end within float32's rounding of the boundary,
 * where another runtime may see the other class.
 */
const HALVINGS = 10;

/** One refined image: `scale` is the part of r̂ that is enough, 1 when none smaller was found. */
export type Refined = Scaled;

const BISECTION: SearchRule = {
  next: (e, low, high) => e.mul(e.add(low, high), e.number(0.5)),
  place: (_, x) => x,
};

/** Refinement compiled for one model, one set of options and one device. */
export class Refinement {
  readonly #search: ScaleSearch;

  private constructor(search: ScaleSearch) {
    this.#search = search;
  }

  static async create(
    executor: Executor,
    model: Graph,
    options: ResolvedOptions,
    batch: number,
  ): Promise<Refinement> {
    return new Refinement(await ScaleSearch.create(executor, model, options, batch, BISECTION));
  }

  /** Refines at most a batch of images. */
  refine(images: readonly Searched[]): Promise<readonly Refined[]> {
    return this.#search.search(images, { low: 0, high: 1, runs: HALVINGS });
  }

  dispose(): void {
    this.#search.dispose();
  }
}
