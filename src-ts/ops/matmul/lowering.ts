// From matrix products to kernel calls: how operands are read and the rows of the product numbered
// (shaders/matmul/geometry.wgsl).
import { elementCount, stridesOf, type StaticShape } from '../../core/shape.ts';
import type { KernelCall, Work } from '../../kernels/kernel.ts';
import { epilogueBuffers, epilogueParams, epilogueSlots, extrasOf } from '../epilogue.ts';
import { costOf, tableOf, workOverRows } from '../lowering.ts';
import { batchStrides, matrixStrides } from './strides.ts';
import { chooseProductTile, type Product, type ProductTile } from './tiles.ts';
import { copyCall } from '../movement.ts';
import type { LowerContext, Operand } from '../op-def.ts';
import { refuse } from '../refusal.ts';

const BATCH_AXES = 4; // that the kernels take apart

export function lowerMatmul(context: LowerContext<'matmul'>): KernelCall[] {
  const { node, output, traits } = context;
  const { transposeA, transposeB } = node.attrs;
  const rank = output.shape.length;
  if (rank - 2 > BATCH_AXES) {
    const { a, b } = context.inputs;
    const operands = { a: a.type, b: b.type };
    refuse('matmul', node.label, `kernels know up to ${BATCH_AXES} batch axes`, operands);
  }
  const calls: KernelCall[] = [];
  const a = readable(context, 'a', rank > 2 || !transposeA, calls);
  const b = readable(context, 'b', rank > 2, calls);
  const depthFirst =
    traits.subgroupLanes !== null && transposeB && context.constantOf('b') !== null;
  const walked = depthFirst ? transposed(context, b, calls) : b;
  const product: Product = {
    a,
    b: walked,
    y: output,
    rows: output.shape.at(-2)!,
    columns: output.shape.at(-1)!,
    aStrides: matrixStrides(a.shape, transposeA),
    bStrides: matrixStrides(walked.shape, transposeB && !depthFirst),
    tall: rank === 2 || (!transposeA && isOneMatrix(b.shape) && a.shape.length === rank),
  };
  return [...calls, productCall(context, product)];
}

const isOneMatrix = (shape: StaticShape): boolean => elementCount(shape.slice(0, -2)) === 1;

/** An operand the kernels can read: a row view only where its rows are matrices or rows of the result. */
function readable(
  { inputs, output, temporary }: LowerContext<'matmul'>,
  name: 'a' | 'b',
  alongRows: boolean,
  calls: KernelCall[],
): Operand {
  const operand = inputs[name];
  const { table } = operand;
  if (table === null || (alongRows && operand.shape.length === output.shape.length)) return operand;
  const copy = temporary(operand.type);
  const strides = stridesOf(operand.shape);
  const index = { ...operand, buffer: table, table: null };
  const source = { strides, table: { axis: 0, operand: index } };
  calls.push(copyCall(operand, operand, source, copy, { strides }));
  return copy;
}

/** `b` with its last two axes exchanged; for a constant this runs once. */
function transposed(
  { temporary }: LowerContext<'matmul'>,
  b: Operand,
  calls: KernelCall[],
): Operand {
  const swap = <T>(values: readonly T[]): T[] => [
    ...values.slice(0, -2),
    values.at(-1)!,
    values.at(-2)!,
  ];
  const result = temporary({ dtype: 'float32', shape: swap(b.type.shape) });
  const strides = swap(stridesOf(b.shape));
  calls.push(copyCall(result, b, { strides }, result, { strides: stridesOf(result.shape) }));
  return result;
}

function productCall(context: LowerContext<'matmul'>, product: Product): KernelCall {
  const { a, b, y, rows, columns, tall } = product;
  const sum = sumRange(context);
  const { variant: tile, choice } = chooseProductTile(context.traits, product, sum.depth);
  const work = workOf(product, tile, sum.batch);
  const rowsPerEntry = elementCount(y.shape.slice(1, -1));
  const [aRow, aDepth] = product.aStrides;
  const [bDepth, bColumn] = product.bStrides;
  const batch = y.shape.slice(0, -2);
  const call = tile.call({
    slots: epilogueSlots(context.epilogue),
    buffers: {
      a: a.buffer,
      b: b.buffer,
      a_table: tableOf(a),
      b_table: tableOf(b),
      y: y.buffer,
      ...epilogueBuffers(context.epilogue),
    },
    params: {
      unit: work.unit,
      tall: tall ? 1 : 0,
      rowTiles: Math.ceil(rows / tile.rows),
      ...{ rows, columns, rowsPerEntry },
      depth: sum.depth,
      ...epilogueParams(y),
      depthOverBatch: sum.batch === null ? 0 : 1,
      aEntry: aRow * rowsPerEntry,
      ...{ aRow, aDepth, bDepth, bColumn },
      batchSizes: leadingLast(batch, 1),
      aBatch: leadingLast(batchStrides(a.shape, batch), 0),
      bBatch: leadingLast(batchStrides(b.shape, batch), 0),
    },
    work,
    // Sums over a batch are as long as it has rows, which are rows of a.
    cost: costOf(2 * (sum.batch === null ? sum.depth : columns), sum.batch === null ? y : a, [
      a,
      b,
      y,
      ...extrasOf(context.epilogue),
    ]),
  });
  return { ...call, choice };
}

/** One number for each batch axis, the last axis first and the leading one always in the last place. */
function leadingLast(values: readonly number[], missing: number): number[] {
  const [leading = missing, ...rest] = values;
  const others = rest.reverse();
  while (others.length < BATCH_AXES - 1) others.push(missing);
  return [...others, leading];
}

/** Terms of each sum, or terms for each live row where the sum runs over a batch. */
function sumRange({ node, inputs: { a } }: LowerContext<'matmul'>): {
  readonly depth: number;
  readonly batch: string | null;
} {
  const dim = a.type.shape.at(node.attrs.transposeA ? -2 : -1)!;
  if (typeof dim === 'number') return { depth: dim, batch: null };
  return { depth: dim.times, batch: dim.symbol };
}

function workOf(
  { y, rows, columns, tall }: Product,
  tile: ProductTile,
  sumBatch: string | null,
): Work {
  const columnTiles = Math.ceil(columns / tile.columns);
  const work = tall
    ? workOverRows(y, elementCount(y.shape.slice(1, -1)), tile.rows, columnTiles)
    : workOverRows(
        y,
        elementCount(y.shape.slice(1, -2)) * Math.ceil(rows / tile.rows),
        1,
        columnTiles,
      );
  // The batch is named for its extent, which bounds the sum; workgroups past `unit` return.
  return sumBatch === null ? work : { ...work, batch: sumBatch };
}
