// Where an operand's element lies for the i-th element of a result: broadcasting, transposition,
// slicing and row views are all Σ ((i / div) % mod) · stride, with adjacent axes merged so that the
// common cases (same shape, scalar, per channel) come down to one term or none.
import { elementCount, stridesOf, type StaticShape } from '../core/shape.ts';

export interface IndexTerm {
  readonly div: number;
  /** 0 where the quotient is already below the axis size. */
  readonly mod: number;
  readonly stride: number;
  /** Whether the axis index goes through the operand's row table first. */
  readonly viaTable: boolean;
}

/** The terms of a walk over `shape` with one stride per axis; strides may be negative or 0. */
export function indexTerms(
  shape: StaticShape,
  strides: readonly number[],
  tableAxis: number | null = null,
): IndexTerm[] {
  const total = elementCount(shape);
  const terms: { div: number; size: number; stride: number; viaTable: boolean }[] = [];
  let div = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    const stride = strides[axis]!;
    const viaTable = axis === tableAxis;
    const inner = terms.at(-1);
    const continues =
      inner !== undefined &&
      !viaTable &&
      !inner.viaTable &&
      inner.div * inner.size === div &&
      inner.stride * inner.size === stride;
    if (continues) inner.size *= size;
    else if (viaTable || (size > 1 && stride !== 0)) terms.push({ div, size, stride, viaTable });
    div *= size;
  }
  return terms.map((term) => ({
    div: term.div,
    mod: term.div * term.size >= total ? 0 : term.size,
    stride: term.stride,
    viaTable: term.viaTable,
  }));
}

/** Strides that read a tensor of `from` as if it were broadcast to `to`. */
export function broadcastStrides(from: StaticShape, to: StaticShape): number[] {
  const own = stridesOf(from);
  return to.map((size, axis) => {
    const source = axis - to.length + from.length;
    if (source < 0 || from[source] !== size) return 0;
    return own[source]!;
  });
}

/** Collects the numbers that index expressions refer to as `q(0u)`, `q(1u)`, … */
export class IndexParams {
  readonly values: number[] = [];

  /** The WGSL expression of a sum of terms at index `i`, plus `offset`. */
  expression(terms: readonly IndexTerm[], table: string, offset = 0): string {
    const parts = terms.map((term) => this.#term(term, table));
    if (offset !== 0) parts.push(this.#param(offset));
    return parts.length === 0 ? '0u' : parts.join(' + ');
  }

  #term({ div, mod, stride, viaTable }: IndexTerm, table: string): string {
    let text = div === 1 ? 'i' : `(i / ${this.#param(div)})`;
    if (mod !== 0) text = `(${text} % ${this.#param(mod)})`;
    if (viaTable) text = `u32(${table}[${text}])`;
    return stride === 1 ? text : `${text} * ${this.#param(stride)}`;
  }

  /** A value as an entry of the parameter array; negative strides wrap around in u32. */
  #param(value: number): string {
    const wrapped = value < 0 ? value + 2 ** 32 : value;
    const known = this.values.indexOf(wrapped);
    return `q(${known >= 0 ? known : this.values.push(wrapped) - 1}u)`;
  }
}

/** The entries an `array<vec4u, n>` of index parameters can hold, in the kernels that have one. */
export const INDEX_PARAM_LIMIT = 64;
