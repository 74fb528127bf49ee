// What a dispatch has to do, whichever kernel does it: the numbers that plans report, estimates of
// speed start from, and traces are compared with.
import { elementCount, resolveShape, type Extents, type Shape } from '../core/shape.ts';

/**
 * The work of a dispatch. Epilogues, the padding of tiles and repeated reads are not counted. Shapes,
 * not numbers, because how many rows live is known only at run time.
 */
export interface Cost {
  /** Floating-point operations for each element of `over`; a multiplication with addition is two. */
  readonly flops: number;
  readonly over: Shape;
  /** What must be read or written, each once; elements have four bytes. */
  readonly moved: readonly Moved[];
}

/** Elements that are read or written: of a table, say, as many as are picked, or all there are. */
export type Moved = Shape | { readonly fewerOf: readonly [Shape, Shape] };

/** A cost at so many live rows. */
export interface CostInNumbers {
  readonly flops: number;
  readonly bytes: number;
}

export function resolveCost({ flops, over, moved }: Cost, extents: Extents): CostInNumbers {
  const elements = (moved: Moved): number =>
    'fewerOf' in moved
      ? Math.min(...moved.fewerOf.map(elements))
      : elementCount(resolveShape(moved, extents));
  return {
    flops: flops * elements(over),
    bytes: 4 * moved.reduce((sum, each) => sum + elements(each), 0),
  };
}
