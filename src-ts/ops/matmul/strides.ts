// Where the operands of a matrix product keep their rows, columns and matrices.
import type { StaticShape } from '../../core/shape.ts';
import { broadcastStrides } from '../indexing.ts';

/** Strides from row to row and from column to column of an operand as the product reads it. */
export function matrixStrides(shape: StaticShape, transposed: boolean): readonly [number, number] {
  const columns = shape.at(-1)!;
  return transposed ? [1, columns] : [columns, 1];
}

/** Strides of an operand along the batch axes of the result. */
export function batchStrides(shape: StaticShape, batch: StaticShape): number[] {
  const matrix = shape.at(-2)! * shape.at(-1)!;
  return broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * matrix);
}
