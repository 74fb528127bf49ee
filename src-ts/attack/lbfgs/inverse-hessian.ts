// The direction − H g of L-BFGS for each image of a batch, H the inverse Hessian that the last m pairs
// s = Δx, y = Δg imply (Nocedal 1980).
//
// The two-loop recursion needs inner products of these vectors only. They are found at once, as the small
// matrices S Yᵀ and Y Yᵀ of each image, and the recursion runs on the m coefficients α and δ of
//   H g = γ (g − Σ α_j y_j) + Σ δ_j s_j
// (Chen, Wang, Zhou: Large-scale L-BFGS using MapReduce, NIPS 2014). Pairs lie in a ring, in no order of
// age: a step of the recursion changes the coefficient whose pair has that age, and no other.
import { batchDim } from '../../core/shape.ts';
import { floatTensor, intTensor } from '../../core/tensor.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import { ACTIVE, SLOTS, SYMBOLS, type SlotState } from '../step/state.ts';

/** Pairs remembered: m. */
export const HISTORY = 10;
/** A pair whose s·y is less than this share of |s| |y| says nothing sure about the curvature. */
const LEAST_CURVATURE = 1e-6;

/** The pairs of some images: [N, m, size] each, of which `count` [N] were ever kept. */
export interface Pairs {
  readonly s: ValueId;
  readonly y: ValueId;
  readonly count: ValueId;
}

/** The pairs of all slots, a ring each. */
export class PairMemory {
  readonly #e: Expressions;
  readonly #state: SlotState;
  readonly #active: ValueId;
  readonly #size: number;

  constructor(e: Expressions, state: SlotState, active: ValueId, size: number) {
    this.#e = e;
    this.#state = state;
    this.#active = active;
    this.#size = size;
  }

  /** Whether pairs s, y [N, size] are worth keeping: positive curvature, beyond rounding. */
  isSound(s: ValueId, y: ValueId): ValueId {
    const e = this.#e;
    const sizes = e.power(e.mul(e.dot(s, s), e.dot(y, y)), 0.5);
    const curved = e.greater(e.dot(s, y), e.mul(sizes, e.number(LEAST_CURVATURE)));
    return e.and(curved, e.builder.emit('is_finite', { x: sizes }, {}));
  }

  /** Keeps the pairs of images where `keep` [N] is set, as those that come after `count` [N] others. */
  store(s: ValueId, y: ValueId, keep: ValueId, count: ValueId): Pairs {
    const e = this.#e;
    const place = e.builder.emit('mod', { a: count, b: e.int(HISTORY) }, {});
    const row = e.add(e.mul(this.#active, e.int(HISTORY)), place);
    const kept = e.keep(e.builder.emit('iota', {}, { size: ACTIVE }), keep, SYMBOLS.stepping);
    const at = e.rows(row, kept);
    const put = (name: string, change: ValueId): ValueId => {
      const shape = [batchDim(SYMBOLS.slots, HISTORY), this.#size];
      const slots = e.builder.input(name, { dtype: 'float32', shape });
      const next = this.#state.replace(name, slots, at, e.rows(change, kept));
      return e.rows(this.#reshape(next, [SLOTS, HISTORY, this.#size]), this.#active);
    };
    return { s: put('s', s), y: put('y', y), count: e.add(count, e.toInt(keep)) };
  }

  #reshape(x: ValueId, shape: readonly (number | typeof SLOTS)[]): ValueId {
    return this.#e.builder.emit('reshape', { x }, { shape });
  }
}

/** − H g: [N, size]; − g where there are no pairs. */
export function quasiNewton(e: Expressions, { s, y, count }: Pairs, gradient: ValueId): ValueId {
  const size = e.builder.typeOf(gradient).shape[1] as number;
  const g = e.builder.emit('reshape', { x: gradient }, { shape: [ACTIVE, size, 1] });
  const { alpha, delta, gamma } = twoLoops(e, count, {
    sy: product(e, s, y, 'right'),
    yy: product(e, y, y, 'right'),
    sg: list(e, product(e, s, g)),
    yg: list(e, product(e, y, g)),
  });
  const along = (coefficients: ValueId, vectors: ValueId): ValueId => {
    const row = e.builder.emit('reshape', { x: coefficients }, { shape: [ACTIVE, 1, HISTORY] });
    const sum = product(e, row, vectors);
    return e.builder.emit('reshape', { x: sum }, { shape: [ACTIVE, size] });
  };
  const rest = e.mul(gamma, e.sub(along(alpha, y), gradient));
  return e.sub(rest, along(delta, s));
}

/** α and δ [N, m], γ [N, 1], from s_i·y_j, y_i·y_j [N, m, m], s_i·g and y_i·g [N, m]. */
function twoLoops(
  e: Expressions,
  count: ValueId,
  { sy, yy, sg, yg }: Readonly<Record<'sy' | 'yy' | 'sg' | 'yg', ValueId>>,
): Readonly<Record<'alpha' | 'delta' | 'gamma', ValueId>> {
  const zero = e.number(0);
  const age = agesOf(e, count);
  const there = e.less(age, e.column(count, ACTIVE));
  const curvature = diagonal(e, sy);
  const rho = e.where(there, e.div(e.number(1), curvature), zero);
  const none = e.sub(rho, rho);
  const at = (k: number, value: ValueId): ValueId => e.where(e.equal(age, e.int(k)), value, zero);
  const ages = [...Array(HISTORY).keys()];

  let alpha = none;
  for (const k of ages) {
    const left = e.sub(sg, list(e, product(e, sy, stand(e, alpha))));
    alpha = e.add(alpha, at(k, e.mul(rho, left)));
  }
  const newest = at(0, e.where(there, e.div(curvature, diagonal(e, yy)), e.number(1)));
  const gamma = e.builder.emit('reduce_sum', { x: newest }, { axes: [1] });
  const start = e.mul(gamma, e.sub(yg, list(e, product(e, yy, stand(e, alpha)))));
  let delta = none;
  for (const k of ages.toReversed()) {
    const seen = e.add(start, list(e, product(e, sy, stand(e, delta), 'left')));
    delta = e.add(delta, at(k, e.sub(alpha, e.mul(rho, seen))));
  }
  return { alpha, delta, gamma };
}

/** How many pairs were kept after the one at each place of the ring: int32 [N, m] */
function agesOf(e: Expressions, count: ValueId): ValueId {
  const places = e.builder.constant(intTensor([HISTORY], [...Array(HISTORY).keys()]));
  const after = e.sub(e.column(e.sub(count, e.int(1)), ACTIVE), places);
  return e.builder.emit('mod', { a: after, b: e.int(HISTORY) }, {});
}

/** The diagonal of each matrix [N, m, m]: [N, m] */
function diagonal(e: Expressions, matrix: ValueId): ValueId {
  const ones = Array.from({ length: HISTORY ** 2 }, (_, at) => +(at % (HISTORY + 1) === 0));
  const identity = e.builder.constant(floatTensor([1, HISTORY, HISTORY], ones));
  const picked = e.mul(matrix, identity);
  return list(e, e.builder.emit('reduce_sum', { x: picked }, { axes: [2] }));
}

/** Products of matrices, one of which may be read transposed. */
function product(e: Expressions, a: ValueId, b: ValueId, transposed?: 'left' | 'right'): ValueId {
  const how = { transposeA: transposed === 'left', transposeB: transposed === 'right' };
  return e.builder.emit('matmul', { a, b }, how);
}

/** [N, m] as columns [N, m, 1], and back. */
const stand = (e: Expressions, x: ValueId): ValueId =>
  e.builder.emit('reshape', { x }, { shape: [ACTIVE, HISTORY, 1] });
const list = (e: Expressions, x: ValueId): ValueId =>
  e.builder.emit('reshape', { x }, { shape: [ACTIVE, HISTORY] });
