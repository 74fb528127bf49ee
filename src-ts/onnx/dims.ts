// Arithmetic on sizes: what `Shape → Gather → Mul → Concat → Reshape` computes in exported graphs.
// Entries may be multiples of the batch; a result that would not be one is null.
import { sameDim, type Dim } from '../core/shape.ts';

export type DimOperator = 'add' | 'sub' | 'mul' | 'div' | 'equal' | 'maximum' | 'minimum';

/** The result of one operator on two sizes, or null when it is no multiple of the batch. */
export function combineDims(operator: DimOperator, a: Dim, b: Dim): Dim | null {
  switch (operator) {
    case 'add':
      return sumOf(a, b, 1);
    case 'sub':
      return sumOf(a, b, -1);
    case 'mul':
      return product(a, b);
    case 'div':
      return quotient(a, b);
    case 'equal':
      return equality(a, b);
    case 'maximum':
      return extremeOf(a, b, Math.max);
    case 'minimum':
      return extremeOf(a, b, Math.min);
  }
}

function sumOf(a: Dim, b: Dim, sign: 1 | -1): Dim | null {
  if (typeof a === 'number' && typeof b === 'number') return a + sign * b;
  if (b === 0) return a;
  if (typeof a === 'number') return a === 0 && sign === 1 ? b : null;
  if (typeof b === 'number' || a.symbol !== b.symbol) return null;
  const times = a.times + sign * b.times;
  return times > 0 ? { symbol: a.symbol, times } : times === 0 ? 0 : null;
}

function product(a: Dim, b: Dim): Dim | null {
  if (typeof a === 'number') {
    if (typeof b === 'number') return a * b;
    return scaled(b, a);
  }
  return typeof b === 'number' ? scaled(a, b) : null;
}

function scaled(dim: Exclude<Dim, number>, by: number): Dim | null {
  if (by === 0) return 0;
  const times = dim.times * by;
  return by > 0 && Number.isInteger(times) ? { symbol: dim.symbol, times } : null;
}

function quotient(a: Dim, b: Dim): Dim | null {
  if (typeof a === 'number') return typeof b === 'number' && b !== 0 ? Math.trunc(a / b) : null;
  if (typeof b === 'number') return b > 0 && a.times % b === 0 ? scaled(a, 1 / b) : null;
  return a.symbol === b.symbol && a.times % b.times === 0 ? a.times / b.times : null;
}

function extremeOf(a: Dim, b: Dim, pick: (a: number, b: number) => number): Dim | null {
  if (typeof a === 'number' && typeof b === 'number') return pick(a, b);
  return sameDim(a, b) ? a : null;
}

/** A batch differs from 0 and below; whether it is 1 must not matter, so it is not said. */
function equality(a: Dim, b: Dim): Dim | null {
  if (sameDim(a, b)) return 1;
  if (typeof a === 'number') return typeof b === 'number' || a <= 0 ? 0 : null;
  return typeof b === 'number' && b <= 0 ? 0 : null;
}

/** Entrywise on two lists, of which either may have a single entry; null when a result has no form. */
export function combineDimLists(
  operator: DimOperator,
  a: readonly Dim[],
  b: readonly Dim[],
): Dim[] | null {
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return null;
  const length = a.length === 1 ? b.length : a.length;
  const out: Dim[] = [];
  for (let i = 0; i < length; i++) {
    const entry = combineDims(operator, a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!);
    if (entry === null) return null;
    out.push(entry);
  }
  return out;
}
