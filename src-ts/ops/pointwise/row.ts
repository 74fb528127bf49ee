// WGSL literals of numbers, and what the rows of both pointwise tables share.
import type { Dtype } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { VjpContext } from '../op-def.ts';

/** What a row may use to write its derivative: nodes in, nodes out. */
export interface DerivativeContext extends VjpContext {
  readonly mul: (a: ValueId, b: ValueId) => ValueId;
  readonly number: (value: number) => ValueId;
}

/** A float literal; WGSL has none that is not finite, and takes the bits of one from a function. */
export function floatLiteral(value: number): string {
  if (!Number.isFinite(value)) {
    const bits = Number.isNaN(value) ? '0x7fc00000u' : value > 0 ? '0x7f800000u' : '0xff800000u';
    return `math_bits(${bits})`;
  }
  const rounded = Math.fround(value);
  const text = String(
    Math.abs(rounded) > 3.4028234e38 ? Math.sign(rounded) * 3.4028234e38 : rounded,
  );
  return `F(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

const [INT_MIN, INT_MAX] = [-(2 ** 31), 2 ** 31 - 1];

/** The literal of a number of some dtype; the device holds all integers in 32 bits. */
export function numberLiteral(value: number, dtype: Dtype): string {
  if (dtype === 'float32') return floatLiteral(value);
  return `I(${Math.trunc(Math.min(Math.max(value, INT_MIN), INT_MAX))})`;
}

/** A condition as a bool: I with 0 or 1. */
export const toInt = (condition: string): string => `select(I(0), I(1), ${condition})`;
