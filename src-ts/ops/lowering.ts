// What the lowerings share: how a result's rows become work items, and how operands are bound.
import { elementCount, findBatch, type Shape, type StaticShape } from '../core/shape.ts';
import type { Cost, Moved } from '../kernels/cost.ts';
import { NO_BUFFER, type BufferRef, type Work } from '../kernels/kernel.ts';
import type { Operand } from './op-def.ts';

/** A batch that leads a shape: its symbol, and the rows each of its elements stands for. */
export interface LeadingBatch {
  readonly symbol: string;
  readonly times: number;
}

/** The batch of a shape whose first axis carries it; null for static shapes and batches elsewhere. */
export function leadingBatch(shape: Shape): LeadingBatch | null {
  const batch = findBatch(shape);
  return batch?.axis === 0 ? batch.dim : null;
}

/**
 * Work over the rows of `operand`: with `perRow` items for each index of its first axis. A batch that
 * does not lead is worked on at full capacity: correct, though not sparing.
 */
export function workOverRows(operand: Operand, perRow: number, perGroup: number, y = 1): Work {
  const batch = leadingBatch(operand.type.shape);
  if (batch !== null) return { unit: perRow * batch.times, batch: batch.symbol, perGroup, y };
  return { unit: perRow * (operand.shape[0] ?? 1), batch: null, perGroup, y };
}

/** Work with one item for each element of `operand`. */
export function workOverElements(operand: Operand, perGroup: number): Work {
  return workOverRows(operand, elementsPerRow(operand.shape), perGroup);
}

/** Elements behind one index of the first axis. */
export function elementsPerRow(shape: StaticShape): number {
  return elementCount(shape.slice(1));
}

/** The row table of an operand, to bind where a kernel may read it through one. */
export function tableOf(operand: Operand): BufferRef {
  return operand.table ?? NO_BUFFER;
}

/**
 * The cost of `flops` operations for each element of `over`, touching each operand once. Of an operand
 * that is a row view, the rows of its source or of the view are touched, whichever are fewer.
 */
export function costOf(
  flops: number,
  over: Operand,
  touched: readonly (Operand | undefined)[],
): Cost {
  const moved = touched.flatMap((operand) => (operand === undefined ? [] : touchedBy(operand)));
  return { flops, over: over.type.shape, moved };
}

function touchedBy({ type, stored, table }: Operand): Moved[] {
  if (table === null) return [type.shape];
  return [{ fewerOf: [type.shape, stored.shape] }, type.shape.slice(0, 1)];
}
