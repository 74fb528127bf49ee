// The faces of the linearised polyhedra around the images that take a step, one for each candidate.
// A table [M, K − 1] holds a number a face; kept flat, its places are what pairs (image, class) are
// known by.
import { batchDim, type BatchDim } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Forward } from '../forward.ts';
import { STEPPING, SYMBOLS } from './state.ts';
import type { Visit } from './visit.ts';

/** Some faces, as pairs of an image and a class. */
export interface Pairs {
  readonly dim: BatchDim;
  /** Places in a table of all faces: [pairs] */
  readonly place: ValueId;
  /** Row of the image among the active ones: [pairs] */
  readonly owner: ValueId;
  /** k: [pairs] */
  readonly rival: ValueId;
  /** k̂(x0): [pairs] */
  readonly own: ValueId;
}

export class Faces {
  readonly forward: Forward;
  /** K − 1 */
  readonly rivals: number;
  /** |f'_k|, the difference of logits: [M, K − 1] */
  readonly gaps: ValueId;
  readonly #e: Expressions;
  readonly #visit: Visit;
  readonly #stepping: ValueId;
  readonly #classes: ValueId;

  /** `stepping` are the rows, among the active images, of those that take a step. */
  constructor(e: Expressions, forward: Forward, visit: Visit, stepping: ValueId) {
    const { builder } = e;
    this.#e = e;
    this.forward = forward;
    this.#visit = visit;
    this.#stepping = stepping;
    this.rivals = builder.typeOf(visit.candidates).shape[1] as number;
    this.#classes = e.rows(visit.candidates, stepping);
    const logits = e.rows(forward.logits, stepping);
    const own = e.column(e.rows(visit.original, stepping), STEPPING);
    const logitOf = (index: ValueId): ValueId => e.takeAlong(logits, index);
    this.gaps = e.abs(e.sub(logitOf(this.#classes), logitOf(own)));
  }

  /** A table with the same number for every face, flat. */
  tableOf(value: ValueId): ValueId {
    return this.#e.expand(value, [this.#places]);
  }

  /** A flat table as [M, K − 1]. */
  grid(table: ValueId): ValueId {
    const shape = [STEPPING, this.rivals];
    return this.#e.builder.emit('reshape', { x: table }, { shape });
  }

  /** A table [M, K − 1] as a flat one. */
  flat(grid: ValueId): ValueId {
    return this.#e.flat(grid, this.#places);
  }

  /** The faces of given stepping images and columns of the table, two lists along `dim`. */
  pairsAt(dim: BatchDim, image: ValueId, column: ValueId): Pairs {
    const e = this.#e;
    const place = e.add(e.mul(image, e.int(this.rivals)), column);
    const owner = e.rows(this.#stepping, image);
    return {
      dim,
      place,
      owner,
      rival: e.rows(this.flat(this.#classes), place),
      own: e.rows(this.#visit.original, owner),
    };
  }

  get #places(): BatchDim {
    return batchDim(SYMBOLS.stepping, this.rivals);
  }
}
