// What the slots of a step hold, as inputs of its graph, and what a run makes of them.
import { batchDim, type Dtype } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';

/** What became of an image; its code on the device is its place here. */
export const STATUSES = ['new', 'running', 'fooled', 'exhausted', 'stalled', 'failed'] as const;
export type SlotStatus = (typeof STATUSES)[number];
export const CODE = Object.fromEntries(STATUSES.map((name, code) => [name, code])) as Record<
  SlotStatus,
  number
>;

/** Extents of the step graph. */
export const SYMBOLS = {
  /** Slots, idle ones included. */
  slots: 'S',
  /** Images being attacked at the start of the step. */
  active: 'N',
  /** Images that take a step: not fooled, not exhausted. */
  stepping: 'M',
} as const;

/** [S], [N] and [M]. */
export const SLOTS = batchDim(SYMBOLS.slots);
export const ACTIVE = batchDim(SYMBOLS.active);
export const STEPPING = batchDim(SYMBOLS.stepping);

export class SlotState {
  readonly #e: Expressions;
  readonly #next: Record<string, string> = {};

  constructor(e: Expressions) {
    this.#e = e;
  }

  /** Inputs that each run replaces, by the output they take. */
  get next(): Readonly<Record<string, string>> {
    return this.#next;
  }

  /** An input with one row a slot: [S, …row]. */
  input(name: string, dtype: Dtype, row: readonly number[] = []): ValueId {
    return this.#e.builder.input(name, { dtype, shape: [SLOTS, ...row] });
  }

  /** Lets an input take, after the run, the value `slots` with some rows replaced; returns that value. */
  replace(input: string, slots: ValueId, index: ValueId, rows: ValueId): ValueId {
    const next = this.#e.update(slots, index, rows);
    this.#e.builder.output(`next ${input}`, next);
    this.#next[input] = `next ${input}`;
    return next;
  }
}
