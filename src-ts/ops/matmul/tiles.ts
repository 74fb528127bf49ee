// The kernels of matrix products, and which of their tiles a product takes.
import { elementCount } from '../../core/shape.ts';
import { callKernel, defineKernel, type KernelCall } from '../../kernels/kernel.ts';
import { EPILOGUE_BUFFERS, EPILOGUE_SLOTS } from '../epilogue.ts';
import { batchStrides } from './strides.ts';
import type { AdapterTraits, Operand } from '../op-def.ts';
import { chooseVariant, type Chosen } from '../variants.ts';

const BUFFERS = ['a', 'b', 'a_table', 'b_table', 'y', ...EPILOGUE_BUFFERS] as const;
const PARAMS = [
  ...(['unit', 'tall', 'rowTiles', 'rows', 'columns', 'depth', 'rowElements'] as const),
  ...(['depthOverBatch', 'rowsPerEntry', 'aEntry', 'aRow', 'aDepth', 'bDepth', 'bColumn'] as const),
  ...(['batchSizes', 'aBatch', 'bBatch'] as const),
] as const;

const ofProduct = { slots: EPILOGUE_SLOTS, buffers: BUFFERS, params: PARAMS } as const;

export const matmulSubgroup = defineKernel({
  file: 'matmul/matmul_subgroup.wgsl',
  constants: ['LANES', 'ROW_GROUPS', 'COLUMNS', 'TERMS', 'A_ROWS', 'B_ROWS'],
  ...ofProduct,
});

export const matmulSubgroupVec4 = defineKernel({
  file: 'matmul/matmul_subgroup_vec4.wgsl',
  constants: ['LANES', 'ROW_GROUPS', 'QUADS', 'TERMS', 'A_ROWS', 'B_ROWS'],
  ...ofProduct,
});

export const matmulTiled = defineKernel({
  file: 'matmul/matmul_tiled.wgsl',
  constants: ['THREADS', 'ROWS', 'COLUMNS', 'DEPTH', 'A_ROWS', 'B_ROWS'],
  ...ofProduct,
});

const THREADS = 16; // along each side of a workgroup of the tiled kernel
const FEW_ROWS = 16; // a product with fewer rows per image is one of images by weights

/** A product as the kernels see it. */
export interface Product {
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

/** Rows and columns of one workgroup, and the constants that make a kernel do so. */
export interface ProductTile {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly call: (options: TileOptions) => KernelCall;
}

type TileOptions = Omit<Parameters<typeof callKernel<typeof matmulTiled>>[1], 'constants'>;

/** The tile of a product whose sums have `depth` terms, or so many for each live row. */
export function chooseProductTile(
  traits: AdapterTraits,
  product: Product,
  depth: number,
): Chosen<ProductTile> {
  const rows = rowsAtOnce(product);
  const lanes = traits.subgroupLanes;
  const { rule, others } =
    lanes === null ? sharedTiles(product, rows) : subgroupTiles(product, rows, depth, lanes);
  return chooseVariant(traits, 'gemm', [rows, product.columns, depth], rule, others);
}

/** Rows that one image has; or all, where there is no batch. */
function rowsAtOnce({ tall, rows, y }: Product): number {
  const rowsPerImage = tall ? elementCount(y.shape.slice(1, -1)) : rows;
  const batched = typeof y.type.shape[0] !== 'number';
  return batched || !tall ? rowsPerImage : y.shape[0]! * rowsPerImage;
}

interface Tiles {
  readonly rule: ProductTile;
  readonly others: readonly ProductTile[];
}

/** Tiles of GPUs: registers and shared memory. */
function sharedTiles(product: Product, rows: number): Tiles {
  const { columns } = product;
  const tile = (perRow: number, perColumn: number): ProductTile => {
    const constants = { THREADS, ROWS: perRow, COLUMNS: perColumn, DEPTH: 16, ...viewsOf(product) };
    return {
      name: `shared ${perRow}x${perColumn}`,
      rows: THREADS * perRow,
      columns: THREADS * perColumn,
      call: (options) => callKernel(matmulTiled, { ...options, constants }),
    };
  };
  const widest = columns <= THREADS ? 1 : columns <= 2 * THREADS ? 2 : 4;
  const widths = [1, 2, 4].filter((count) => count <= widest);
  return {
    rule: tile(rows < FEW_ROWS ? 1 : 4, widest),
    others: [1, 2, 4].flatMap((perRow) => widths.map((perColumn) => tile(perRow, perColumn))),
  };
}

/** Tiles of one subgroup: its lanes stand side by side along the columns, and share rows by broadcasts. */
function subgroupTiles(product: Product, rows: number, depth: number, lanes: number): Tiles {
  const { columns } = product;
  const few = rows < FEW_ROWS;
  const views = viewsOf(product);
  const TERMS = depth % 2 === 0 ? 2 : 1;
  const inFours = (tileRows: number, QUADS: number): ProductTile => {
    const ROW_GROUPS = Math.max(1, tileRows / lanes);
    const constants = { LANES: lanes, ROW_GROUPS, QUADS, TERMS, ...views };
    return {
      name: `quads ${tileRows}x${QUADS}`,
      rows: ROW_GROUPS * lanes,
      columns: 4 * QUADS * lanes,
      call: (options) => callKernel(matmulSubgroupVec4, { ...options, constants }),
    };
  };
  const single = (tileRows: number, COLUMNS: number): ProductTile => {
    const ROW_GROUPS = Math.max(1, tileRows / lanes);
    const constants = { LANES: lanes, ROW_GROUPS, COLUMNS, TERMS, ...views };
    return {
      name: `lanes ${tileRows}x${COLUMNS}`,
      rows: ROW_GROUPS * lanes,
      columns: COLUMNS * lanes,
      call: (options) => callKernel(matmulSubgroup, { ...options, constants }),
    };
  };
  const tileRows = few ? 16 : 32;
  const widest = few ? 8 : 4;
  const width = [1, 2, 4].find((count) => count < widest && columns <= count * lanes) ?? widest;
  const ruleInFours = columns > 2 * lanes && columnsInFours(product);
  const fits = (tile: ProductTile): boolean => tile.columns < 2 * columns;
  const heights = lanes < 32 ? [16, 32] : [32];
  const others = heights.flatMap((height) => [
    ...(columnsInFours(product) ? [1, 2].map((quads) => inFours(height, quads)) : []),
    ...[2, 4, 8].map((count) => single(height, count)),
  ]);
  return {
    rule: ruleInFours ? inFours(tileRows, columns <= 4 * lanes ? 1 : 2) : single(tileRows, width),
    others: others.filter(fits),
  };
}

const viewsOf = ({ a, b }: Product): { readonly A_ROWS: boolean; readonly B_ROWS: boolean } => ({
  A_ROWS: a.table !== null,
  B_ROWS: b.table !== null,
});

/** Whether `b` and the result can be read and written four columns at a time. */
function columnsInFours({ b, y, columns, bStrides }: Product): boolean {
  const [depth, column] = bStrides;
  const batch = batchStrides(b.shape, y.shape.slice(0, -2));
  return column === 1 && [columns, depth, ...batch].every((each) => each % 4 === 0);
}
