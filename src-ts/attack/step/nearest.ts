// The nearest face of the linearised polyhedron: l̂ = argmin_k |f'_k| / ‖w'_k‖_q, for each image that
// takes a step. Faces are looked at some at a time; of their normals only the nearest face's is kept.
// The table of distances is in the order of the candidates, so that ties go to the first of them
// whatever the order in which faces were looked at.
import { InternalError } from '../../core/errors.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import { dualNorm, normOf } from '../norms.ts';
import type { Faces, Pairs } from './faces.ts';
import { normalsOf } from './products.ts';
import { STEPPING } from './state.ts';

/** Distance to a face that has no normal, or was not looked at: beyond every real one, and finite. */
const NO_FACE = 3e38;

export interface Nearest {
  /** w'_l̂: [M, …image] */
  readonly normal: ValueId;
  /** ‖w'_l̂‖_q: [M] */
  readonly normNormal: ValueId;
  /** |f'_l̂| / ‖w'_l̂‖_q: [M] */
  readonly distance: ValueId;
  /** Whether any face that was looked at has a normal: [M] */
  readonly exists: ValueId;
  /** Whether all their gradients are finite: [M] */
  readonly finite: ValueId;
}

/** A search for the nearest faces, by the faces seen so far. */
export class NearestSearch {
  readonly #e: Expressions;
  readonly #faces: Faces;
  readonly #p: number;
  #distances: ValueId;
  #norms: ValueId;
  /** Column of the nearest face: [M, 1] */
  #best: ValueId | null = null;
  #normal: ValueId | null = null;

  /** `norms` [M, K − 1] are those of an earlier step, 0 where none is known. */
  constructor(e: Expressions, faces: Faces, p: number, norms: ValueId | null) {
    this.#e = e;
    this.#faces = faces;
    this.#p = p;
    this.#distances = faces.tableOf(e.number(NO_FACE));
    this.#norms = norms === null ? faces.tableOf(e.number(0)) : faces.flat(norms);
  }

  /** ‖w'_k‖_q, last seen: [M, K − 1] */
  get norms(): ValueId {
    return this.#faces.grid(this.#norms);
  }

  /** The distance to the nearest face: [M, 1] */
  get distance(): ValueId {
    return this.#ofBest(this.#distances);
  }

  /** Looks at some faces; `symbol` is for the images whose nearest face is among them. */
  look(pairs: Pairs, symbol: string): void {
    const e = this.#e;
    const { dim, place } = pairs;
    const w = normalsOf(e, this.#faces.forward, pairs);
    const norm = normOf(e, w, dualNorm(this.#p));
    const gap = e.rows(this.#faces.flat(this.#faces.gaps), place);
    const distance = e.where(e.greater(norm, e.number(0)), e.div(gap, norm), e.number(NO_FACE));
    this.#norms = e.update(this.#norms, place, norm);
    this.#distances = e.update(this.#distances, place, distance);
    this.#best = e.builder.emit('argmin', { x: this.#faces.grid(this.#distances) }, {});
    const none = this.#faces.tableOf(e.int(-1));
    const pairAt = e.update(none, place, e.iota(dim));
    this.#keepNormals(w, e.flat(this.#ofBest(pairAt), STEPPING), symbol);
  }

  result(): Nearest {
    const e = this.#e;
    const distance = e.flat(this.distance, STEPPING);
    return {
      normal: this.#found(this.#normal),
      normNormal: e.flat(this.#ofBest(this.#norms), STEPPING),
      distance,
      exists: e.less(distance, e.number(NO_FACE)),
      finite: e.flat(e.all(e.builder.emit('is_finite', { x: this.norms }, {})), STEPPING),
    };
  }

  /** Keeps the normals of the pairs that are nearest to their image: `pair` [M], −1 for none. */
  #keepNormals(w: ValueId, pair: ValueId, symbol: string): void {
    const e = this.#e;
    if (this.#normal === null) {
      this.#normal = e.rows(w, e.maximum(pair, e.int(0)));
      return;
    }
    const images = e.keep(e.iota(STEPPING), e.greater(pair, e.int(-1)), symbol);
    this.#normal = e.update(this.#normal, images, e.rows(w, e.rows(pair, images)));
  }

  /** A table's number for the nearest face of each image: [M, 1] */
  #ofBest(table: ValueId): ValueId {
    return this.#e.takeAlong(this.#faces.grid(table), this.#found(this.#best));
  }

  #found(value: ValueId | null): ValueId {
    if (value === null) throw new InternalError('no face was looked at');
    return value;
  }
}
