// From matrix products to kernel calls: which tile, and how the rows of the product are numbered
// (shaders/matmul/geometry.wgsl).
import { elementCount, stridesOf, type StaticShape } from '../core/shape.ts';
import { callKernel, defineKernel, type KernelCall, type Work } from '../kernels/kernel.ts';
import {
  EPILOGUE_BUFFERS,
  EPILOGUE_SLOTS,
  epilogueBuffers,
  epilogueParams,
  epilogueSlots,
  extrasOf,
} from './epilogue.ts';
import { costOf, tableOf, workOverRows } from './lowering.ts';
import { batchStrides, matrixStrides } from './matmul-strides.ts';
import { copyCall } from './movement.ts';
import type { AdapterTraits, LowerContext, Operand } from './op-def.ts';
import { refuse } from './refusal.ts';

const BUFFERS = ['a', 'b', 'a_table', 'b_table', 'y', ...EPILOGUE_BUFFERS] as const;
const PARAMS = [
  ...(['unit', 'tall', 'rowTiles', 'rows', 'columns', 'depth', 'rowElements'] as const),
  ...(['depthOverBatch', 'rowsPerEntry', 'aEntry', 'aRow', 'aDepth', 'bDepth', 'bColumn'] as const),
  ...(['batchSizes', 'aBatch', 'bBatch'] as const),
] as const;

export const matmulSubgroup = defineKernel({
  file: 'matmul/matmul_subgroup.wgsl',
  constants: ['LANES', 'ROW_GROUPS', 'COLUMNS', 'A_ROWS', 'B_ROWS'],
  slots: EPILOGUE_SLOTS,
  buffers: BUFFERS,
  params: PARAMS,
});

export const matmulSubgroupVec4 = defineKernel({
  file: 'matmul/matmul_subgroup_vec4.wgsl',
  constants: ['LANES', 'ROW_GROUPS', 'QUADS', 'A_ROWS', 'B_ROWS'],
  slots: EPILOGUE_SLOTS,
  buffers: BUFFERS,
  params: PARAMS,
});

export const matmulTiled = defineKernel({
  file: 'matmul/matmul_tiled.wgsl',
  constants: ['THREADS', 'ROWS', 'COLUMNS', 'DEPTH', 'A_ROWS', 'B_ROWS'],
  slots: EPILOGUE_SLOTS,
  buffers: BUFFERS,
  params: PARAMS,
});

const BATCH_AXES = 4; // that the kernels take apart
const THREADS = 16; // along each side of a workgroup of the tiled kernel
const FEW_ROWS = 16; // a product with fewer rows per image is one of images by weights

/** A product as the kernels see it. */
interface Product {
  readonly a: Operand;
  readonly b: Operand;
  readonly y: Operand;
  readonly rows: number;
  readonly columns: number;
  /** Strides from row to row and column to column of both operands. */
  readonly aStrides: readonly [number, number];
  readonly bStrides: readonly [number, number];
  /** Whether all rows are those of one tall matrix: `b` is the same for all of them. */
  readonly tall: boolean;
}

interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly call: (options: TileOptions) => KernelCall;
}

type TileOptions = Omit<Parameters<typeof callKernel<typeof matmulTiled>>[1], 'constants'>;

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
  const tile = chooseTile(traits, product);
  return [...calls, productCall(context, product, tile)];
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

function chooseTile({ subgroupLanes: lanes }: AdapterTraits, product: Product): Tile {
  const { columns, rows, tall, y } = product;
  const rowsPerImage = tall ? elementCount(y.shape.slice(1, -1)) : rows;
  const batched = typeof y.type.shape[0] !== 'number';
  const few = (batched || !tall ? rowsPerImage : y.shape[0]! * rowsPerImage) < FEW_ROWS;
  const views = { A_ROWS: product.a.table !== null, B_ROWS: product.b.table !== null };
  if (lanes === null) {
    const ROWS = few ? 1 : 4;
    const COLUMNS = columns <= THREADS ? 1 : columns <= 2 * THREADS ? 2 : 4;
    const constants = { THREADS, ROWS, COLUMNS, DEPTH: 16, ...views };
    return {
      rows: THREADS * ROWS,
      columns: THREADS * COLUMNS,
      call: (options) => callKernel(matmulTiled, { ...options, constants }),
    };
  }
  if (columns > 2 * lanes && columnsInFours(product)) {
    const QUADS = columns <= 4 * lanes ? 1 : 2;
    const ROW_GROUPS = Math.max(1, (few ? 16 : 32) / lanes);
    const constants = { LANES: lanes, ROW_GROUPS, QUADS, ...views };
    return {
      rows: ROW_GROUPS * lanes,
      columns: 4 * QUADS * lanes,
      call: (options) => callKernel(matmulSubgroupVec4, { ...options, constants }),
    };
  }
  const widest = few ? 8 : 4;
  const COLUMNS = [1, 2, 4].find((count) => count < widest && columns <= count * lanes) ?? widest;
  const ROW_GROUPS = Math.max(1, (few ? 16 : 32) / lanes);
  const constants = { LANES: lanes, ROW_GROUPS, COLUMNS, ...views };
  return {
    rows: ROW_GROUPS * lanes,
    columns: COLUMNS * lanes,
    call: (options) => callKernel(matmulSubgroup, { ...options, constants }),
  };
}

/** Whether `b` and the result can be read and written four columns at a time. */
function columnsInFours({ b, y, columns, bStrides }: Product): boolean {
  const [depth, column] = bStrides;
  const batch = batchStrides(b.shape, y.shape.slice(0, -2));
  return column === 1 && [columns, depth, ...batch].every((each) => each % 4 === 0);
}

function productCall(context: LowerContext<'matmul'>, product: Product, tile: Tile): KernelCall {
  const { a, b, y, rows, columns, tall } = product;
  const sum = sumRange(context);
  const work = workOf(product, tile, sum.batch);
  const rowsPerEntry = elementCount(y.shape.slice(1, -1));
  const [aRow, aDepth] = product.aStrides;
  const [bDepth, bColumn] = product.bStrides;
  const batch = y.shape.slice(0, -2);
  return tile.call({
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

function workOf({ y, rows, columns, tall }: Product, tile: Tile, sumBatch: string | null): Work {
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
