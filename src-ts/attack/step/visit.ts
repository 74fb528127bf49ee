// What the first visit of a slot fixes for the rest of its attack: the original class, which is the one
// predicted then, and the candidates that each step's nearest face is sought among.
import { intTensor } from '../../core/tensor.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Forward } from '../forward.ts';
import type { ResolvedOptions } from '../options.ts';
import { ACTIVE, type SlotState } from './state.ts';

export interface Visit {
  /** k̂(x0): [N] */
  readonly original: ValueId;
  /** The classes besides the original one: [N, K − 1]. */
  readonly candidates: ValueId;
}

/** The images that take part: what the model says of them, and where they are. */
export interface Active {
  readonly forward: Forward;
  /** argmax of the logits: [N] */
  readonly predicted: ValueId;
  /** Whether it is the slot's first visit: [N] */
  readonly isNew: ValueId;
  /** Their slots: [N] */
  readonly slots: ValueId;
}

/** K − 1: the classes that each image's own is compared with. */
export function rivalCount(
  classes: number,
  { candidates, target }: Pick<ResolvedOptions, 'candidates' | 'target'>,
): number {
  if (target !== null) return 1;
  return (candidates === 'all' ? classes : Math.min(candidates, classes)) - 1;
}

/** Original class and candidates: of this visit where it is the first, else those in the slot. */
export function visit(
  e: Expressions,
  state: SlotState,
  { forward, predicted, isNew, slots }: Active,
  options: ResolvedOptions,
): Visit {
  const rivals = rivalCount(forward.classes, options);
  const originalSlots = state.input('original', 'int32');
  const candidateSlots = state.input('candidates', 'int32', [rivals]);
  const original = e.where(isNew, predicted, e.rows(originalSlots, slots));
  const candidates = e.where(
    e.column(isNew, ACTIVE),
    chooseCandidates(e, forward, original, options),
    e.rows(candidateSlots, slots),
  );
  state.replace('original', originalSlots, slots, original);
  state.replace('candidates', candidateSlots, slots, candidates);
  return { original, candidates };
}

/** The target, or the classes with the largest logits besides the original one: [N, K − 1]. */
function chooseCandidates(
  e: Expressions,
  { logits, classes }: Forward,
  original: ValueId,
  options: ResolvedOptions,
): ValueId {
  const rivals = rivalCount(classes, options);
  const shape = [ACTIVE, rivals];
  if (options.target !== null) {
    return e.builder.emit('expand', { x: e.int(options.target) }, { shape });
  }
  if (rivals === classes - 1) {
    // All others: 0 … classes − 2, with those from the original class on moved up by one.
    const ids = e.builder.constant(intTensor([rivals], [...Array(rivals).keys()]));
    const below = e.less(ids, e.column(original, ACTIVE));
    return e.where(below, ids, e.add(ids, e.int(1)));
  }
  const top = e.builder.emit('top_k', { x: logits }, { k: rivals + 1 });
  const ranges = [
    { start: 0, step: 1 },
    { start: 1, step: 1 },
  ];
  return e.builder.emit('slice', { x: top }, { ranges, sizes: shape });
}
