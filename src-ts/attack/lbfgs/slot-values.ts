// What a slot remembers from one run of a step graph to the next, by name: read once, replaced once.
import type { Dtype } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { SlotState } from '../step/state.ts';

export class SlotValues {
  readonly #e: Expressions;
  readonly #state: SlotState;
  readonly #active: ValueId;
  readonly #isNew: ValueId;
  readonly #slots = new Map<string, ValueId>();

  /** `active` [N] are the slots that take part, `isNew` [N] which of them hold an image for the first time. */
  constructor(e: Expressions, state: SlotState, active: ValueId, isNew: ValueId) {
    this.#e = e;
    this.#state = state;
    this.#active = active;
    this.#isNew = isNew;
  }

  /** What each active slot holds, and `initial` where the image is new: [N, …row] */
  read(name: string, initial: ValueId, row: readonly number[] = []): ValueId {
    const { dtype } = this.#e.builder.typeOf(initial);
    const held = this.#e.rows(this.#slot(name, dtype, row), this.#active);
    return this.#e.where(this.#e.like(this.#isNew, held), initial, held);
  }

  /** What each active slot holds from now on. */
  write(name: string, value: ValueId): void {
    const { dtype, shape } = this.#e.builder.typeOf(value);
    const slots = this.#slot(name, dtype, shape.slice(1) as number[]);
    this.#state.replace(name, slots, this.#active, value);
  }

  #slot(name: string, dtype: Dtype, row: readonly number[]): ValueId {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const made = this.#state.input(name, dtype, row);
    this.#slots.set(name, made);
    return made;
  }
}
