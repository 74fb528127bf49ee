// Which faces are looked at in a step, and when. A round takes the same number of classes for every
// image; all K − 1 together are one round, unless their normals are too many to be held at once.
//
// Lazily, most of them are never looked at. The classes of each image are put in the order of their
// estimated distances |f'_k| / n_k, where n_k is the norm last seen of w'_k, else a little more than
// the largest seen of the image, and a class is looked at in its round only if its estimate, by then,
// is not beyond `slack` times the nearest face so far. What the images want of a round is one dense
// batch of pairs, empty when all have found their face. An image's choices depend on nothing but itself.
import { batchDim, type Extents } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Faces } from './faces.ts';
import { NearestSearch, type Nearest } from './nearest.ts';
import { ACTIVE, STEPPING, SYMBOLS, type SlotState } from './state.ts';

/** A norm never seen is taken for this many times the largest seen: it may well be the largest. */
const UNSEEN = 1.5;

/** How the faces of a step are gone through. */
export interface Rounds {
  /** Classes an image in each round; K − 1 in all. */
  readonly sizes: readonly number[];
  /** Null to look at all faces. */
  readonly slack: number | null;
}

/**
 * Rounds of at most `most` classes an image: as few as can be, or lazily 1, 2, 4, …, the last of which
 * takes what is left.
 */
export function planRounds(rivals: number, most: number, slack: number | null): Rounds {
  const sizes: number[] = [];
  for (let left = rivals; left > 0; left -= sizes.at(-1)!) {
    const wanted = slack === null ? most : 2 ** sizes.length;
    sizes.push(Math.min(most, left < 2 * wanted ? left : wanted));
  }
  return { sizes, slack };
}

/** Symbols of a round: its pairs, and the images whose nearest face so far is among them. */
const pairsSymbol = (round: number): string => `P${round}`;
const nearerSymbol = (round: number): string => `B${round}`;

/** The largest extents of the symbols that rounds add, for one image. */
export function extentsOf({ sizes, slack }: Rounds): Extents {
  const later = [...sizes.entries()].slice(1);
  const pairs = slack === null ? [] : later.map(([round, size]) => [pairsSymbol(round), size]);
  const nearer = later.map(([round]) => [nearerSymbol(round), 1]);
  return Object.fromEntries([...pairs, ...nearer]) as Extents;
}

/** The images that take part in a step: their slots and whether those are new, and who takes a step. */
export interface Stepping {
  /** [N] */
  readonly slots: ValueId;
  /** [N] */
  readonly isNew: ValueId;
  /** Rows of the others, [M], among these. */
  readonly stepping: ValueId;
}

/** The nearest face of each stepping image, and how many products that took: int32 [M]. */
export function findNearest(
  e: Expressions,
  state: SlotState,
  faces: Faces,
  { slots, isNew, stepping }: Stepping,
  p: number,
  rounds: Rounds,
): { nearest: Nearest; taken: ValueId } {
  if (rounds.slack === null) {
    const search = new NearestSearch(e, faces, p, null);
    const taken = lookInRounds(e, faces, search, rounds);
    return { nearest: search.result(), taken };
  }
  const normSlots = state.input('norms', 'float32', [faces.rivals]);
  const last = e.where(e.column(isNew, ACTIVE), e.number(0), e.rows(normSlots, slots));
  const search = new NearestSearch(e, faces, p, e.rows(last, stepping));
  const taken = lookInRounds(e, faces, search, rounds);
  state.replace('norms', normSlots, e.rows(slots, stepping), search.norms);
  return { nearest: search.result(), taken };
}

/** Goes through the faces; returns how many products each stepping image took: int32 [M]. */
function lookInRounds(
  e: Expressions,
  faces: Faces,
  search: NearestSearch,
  { sizes, slack }: Rounds,
): ValueId {
  const order = slack === null ? null : orderByEstimate(e, faces, search);
  let taken = e.expand(e.number(slack === null ? faces.rivals : sizes[0]!), [STEPPING]);
  let first = 0;
  for (const [round, size] of sizes.entries()) {
    const dim = batchDim(SYMBOLS.stepping, size);
    const columns = order === null ? null : sliceColumns(e, order, first, size);
    let chosen = { dim, at: e.iota(dim) };
    if (slack !== null && columns !== null && round > 0) {
      const wanted = isWanted(e, faces, search, columns, slack);
      const symbol = pairsSymbol(round);
      chosen = { dim: batchDim(symbol), at: e.keep(chosen.at, e.flat(wanted, dim), symbol) };
      taken = e.add(taken, e.reduce('reduce_sum', e.toFloat(wanted)));
    }
    const image = e.div(chosen.at, e.int(size));
    const column =
      columns === null
        ? e.add(e.sub(chosen.at, e.mul(image, e.int(size))), e.int(first))
        : e.rows(e.flat(columns, dim), chosen.at);
    search.look(faces.pairsAt(chosen.dim, image, column), nearerSymbol(round));
    first += size;
  }
  return e.toInt(taken);
}

/** Estimated distances, by the norms known so far: [M, K − 1] */
function estimates(e: Expressions, faces: Faces, search: NearestSearch): ValueId {
  const zero = e.number(0);
  const largest = e.builder.emit('reduce_max', { x: search.norms }, { axes: [1] });
  const unseen = e.mul(largest, e.number(UNSEEN));
  const usual = e.where(e.greater(largest, zero), unseen, e.number(1));
  return e.div(faces.gaps, e.where(e.greater(search.norms, zero), search.norms, usual));
}

/** The columns of each image's faces, the nearest first by estimate: [M, K − 1] */
function orderByEstimate(e: Expressions, faces: Faces, search: NearestSearch): ValueId {
  const x = estimates(e, faces, search);
  return e.builder.emit('top_k', { x }, { k: faces.rivals, smallest: true });
}

/** Whether images want the faces in some columns of theirs, [M, size]: the nearest may be among them. */
function isWanted(
  e: Expressions,
  faces: Faces,
  search: NearestSearch,
  columns: ValueId,
  slack: number,
): ValueId {
  const estimate = e.takeAlong(estimates(e, faces, search), columns);
  const beyond = e.greater(e.mul(estimate, e.number(1 / slack)), search.distance);
  return e.builder.emit('not', { x: beyond }, {});
}

function sliceColumns(e: Expressions, order: ValueId, first: number, size: number): ValueId {
  const ranges = [
    { start: 0, step: 1 },
    { start: first, step: 1 },
  ];
  return e.builder.emit('slice', { x: order }, { ranges, sizes: [STEPPING, size] });
}
