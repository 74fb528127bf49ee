// Choices among kernels that do the same work. A lowering has a rule of its own; a tuning table, which is
// what was measured on one adapter, may know better for a class of work.
import type { Choice } from '../kernels/kernel.ts';
import type { AdapterTraits } from './op-def.ts';

export interface Chosen<V> {
  readonly variant: V;
  readonly choice: Choice;
}

/** Whether a text can be a class of work: `gemm 0 9 10`. */
export const isClassOfWork = (text: string): boolean => /^[a-z]\S*( \d+){3}$/.test(text);

/** An operation on so many rows and columns of so many terms, in powers of two: never of a whole batch. */
export const classOfWork = (operation: string, size: readonly [number, number, number]): string =>
  [operation, ...size.map((count) => Math.ceil(Math.log2(Math.max(1, count))))].join(' ');

/** The variant that the adapter's table names for this class, where it is among these; else the rule's. */
export function chooseVariant<V extends { readonly name: string }>(
  { variants: table = {} }: AdapterTraits,
  operation: string,
  size: readonly [rows: number, columns: number, terms: number],
  rule: V,
  others: readonly V[],
): Chosen<V> {
  const known = new Map([rule, ...others].map((each) => [each.name, each]));
  const name = classOfWork(operation, size);
  const asked = table[name];
  const variant = (asked === undefined ? undefined : known.get(asked)) ?? rule;
  return { variant, choice: { class: name, variant: variant.name, variants: [...known.keys()] } };
}
