// Which faces are looked at in a step, and when. A round takes the same number of classes for every
// image: all K − 1 of them, where none is left out. A round whose normals are too many to be held at
// once is taken in parts, which changes no result.
//
// Lazily, most faces are never looked at. The classes of each image are put in the order of their
// estimated distances |f'_k| / n_k, where n_k is the norm last seen of w'_k, else a little more than
// the largest seen of the image, and a class is looked at in its round only if its estimate, before it,
// is not beyond `slack` times the nearest face so far. What the images want of a round is one dense
// batch of pairs, empty when all have found their face. An image's choices depend on nothing but itself.
import { batchDim, type Extents } from '../../core/shape.ts';
import { intTensor } from '../../core/tensor.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Faces } from './faces.ts';
import { NearestSearch, type Nearest } from './nearest.ts';
import { ACTIVE, STEPPING, SYMBOLS, type SlotState } from './state.ts';

/** A norm never seen is taken for this many times the largest seen: it may well be the largest. */
const UNSEEN = 1.5;

/** How the faces of a step are gone through. */
export interface Rounds {
  /** Classes an image in each part of each round; K − 1 in all. */
  readonly parts: readonly (readonly number[])[];
  /** Null to look at all faces. */
  readonly slack: number | null;
}

/**
 * One round; or lazily one class first, and in a second round those that are then still wanted of the rest: on
 * digits, CIFAR-10 and ImageNet further rounds left out hardly a product more, and each has its price. `most`
 * bounds the parts.
 */
export function planRounds(rivals: number, most: number, slack: number | null): Rounds {
  const sizes = slack === null || rivals === 1 ? [rivals] : [1, rivals - 1];
  return { parts: sizes.map((size) => partsOf(size, most)), slack };
}

/** As few parts of at most `most` as can be. */
function partsOf(size: number, most: number): number[] {
  const each = Math.min(size, most);
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => Math.min(each, size - i * each));
}

/** Symbols of a part: its pairs, and the images whose nearest face so far is among them. */
const pairsSymbol = (part: number): string => `P${part}`;
const nearerSymbol = (part: number): string => `B${part}`;

/** Whether a symbol counts what images want of a lazy round. */
export const isWanted = (symbol: string): boolean => /^P\d+$/.test(symbol);

/** The largest extents of the symbols that rounds add, for one image. */
export function extentsOf({ parts, slack }: Rounds): Extents {
  const later = [...parts.flat().entries()].slice(1);
  const pairs = slack === null ? [] : later.map(([part, size]) => [pairsSymbol(part), size]);
  const nearer = later.map(([part]) => [nearerSymbol(part), 1]);
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
  { parts, slack }: Rounds,
): ValueId {
  const columns = slack === null ? allColumns(e, faces) : orderByEstimate(e, faces, search);
  let taken = e.expand(e.number(slack === null ? faces.rivals : parts[0]![0]!), [STEPPING]);
  let [part, first] = [0, 0];
  for (const [round, sizes] of parts.entries()) {
    // What is wanted of a round is settled before its first part, however many parts it has.
    const wanted = slack === null || round === 0 ? null : wantedFaces(e, faces, search, slack);
    for (const size of sizes) {
      const dim = batchDim(SYMBOLS.stepping, size);
      const mine = sliceColumns(e, columns, first, size);
      let chosen = { dim, at: e.iota(dim) };
      if (wanted !== null) {
        const flags = e.takeAlong(wanted, mine);
        const symbol = pairsSymbol(part);
        const keep = e.greater(e.flat(flags, dim), e.number(0));
        chosen = { dim: batchDim(symbol), at: e.keep(chosen.at, keep, symbol) };
        taken = e.add(taken, e.reduce('reduce_sum', flags));
      }
      const image = e.div(chosen.at, e.int(size));
      const column = e.rows(e.flat(mine, dim), chosen.at);
      search.look(faces.pairsAt(chosen.dim, image, column), nearerSymbol(part));
      first += size;
      part++;
    }
  }
  return e.toInt(taken);
}

/** The columns of each image's faces in the order of the candidates: [M, K − 1] */
function allColumns(e: Expressions, faces: Faces): ValueId {
  const ids = e.builder.constant(intTensor([faces.rivals], [...Array(faces.rivals).keys()]));
  return e.expand(ids, [STEPPING, faces.rivals]);
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

/** 1 for faces that may be nearer than the nearest so far, 0 for others: float32 [M, K − 1] */
function wantedFaces(e: Expressions, faces: Faces, search: NearestSearch, slack: number): ValueId {
  const estimate = estimates(e, faces, search);
  const beyond = e.greater(e.mul(estimate, e.number(1 / slack)), search.distance);
  return e.toFloat(e.builder.emit('not', { x: beyond }, {}));
}

function sliceColumns(e: Expressions, order: ValueId, first: number, size: number): ValueId {
  const ranges = [
    { start: 0, step: 1 },
    { start: first, step: 1 },
  ];
  return e.builder.emit('slice', { x: order }, { ranges, sizes: [STEPPING, size] });
}
