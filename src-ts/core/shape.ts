// Shapes, dtypes and tensor types: what is known of a value before any number is computed.
//
// A dimension is a number, or a multiple of a symbol whose extent is known only at run time: the
// number of images in a batch, of images still unfooled, of (image, class) pairs. A product of
// dimensions keeps at most one symbol, which is all that folding the class axis into the batch asks.
import { InternalError } from './errors.ts';

/** Element types of the graph. On the device every integer type and bool is a 32-bit integer. */
export type Dtype = 'float32' | 'int32' | 'int64' | 'bool';

/** `times` × the run-time extent of `symbol`. */
export interface BatchDim {
  readonly symbol: string;
  readonly times: number;
}

export type Dim = number | BatchDim;
export type Shape = readonly Dim[];
export type StaticShape = readonly number[];

export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** The dimension whose extent is that of `symbol` itself. */
export function batchDim(symbol: string, times = 1): BatchDim {
  return { symbol, times };
}

export function isStatic(shape: Shape): shape is StaticShape {
  return shape.every((dim) => typeof dim === 'number');
}

export function sameDim(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.symbol === b.symbol && a.times === b.times;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis]!));
}

/** The product of dimensions; at most one of them may be symbolic. */
export function productOf(dims: Shape): Dim {
  let times = 1;
  let symbol: string | null = null;
  for (const dim of dims) {
    if (typeof dim === 'number') times *= dim;
    else if (symbol === null) {
      symbol = dim.symbol;
      times *= dim.times;
    } else throw new InternalError(`product of two symbolic dimensions in ${formatShape(dims)}`);
  }
  return symbol === null ? times : { symbol, times };
}

/** The number of elements of a static shape. */
export function elementCount(shape: StaticShape): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Row-major strides of a static shape, in elements. */
export function stridesOf(shape: StaticShape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

/** Extents of symbols: capacities when buffers are planned, true counts when a graph is interpreted. */
export type Extents = Readonly<Record<string, number>>;

export function resolveDim(dim: Dim, extents: Extents): number {
  if (typeof dim === 'number') return dim;
  const extent = extents[dim.symbol];
  if (extent === undefined) throw new InternalError(`no extent given for "${dim.symbol}"`);
  return extent * dim.times;
}

export function resolveShape(shape: Shape, extents: Extents): number[] {
  return shape.map((dim) => resolveDim(dim, extents));
}

/** The axis that carries a symbol, and the symbolic dimension; null when the shape is static. */
export function findBatch(shape: Shape): { readonly axis: number; readonly dim: BatchDim } | null {
  for (const [axis, dim] of shape.entries()) if (typeof dim !== 'number') return { axis, dim };
  return null;
}

/** An axis counted from the end when negative, as ONNX does. */
export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function formatDim(dim: Dim): string {
  if (typeof dim === 'number') return String(dim);
  return dim.times === 1 ? dim.symbol : `${dim.times}·${dim.symbol}`;
}

export function formatShape(shape: Shape): string {
  return `[${shape.map(formatDim).join(', ')}]`;
}

/** `float32[N, 3, 224, 224]` */
export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`;
}

/** The common shape of two operands under NumPy's rules, or null when they do not broadcast. */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (sameDim(left, right) || right === 1) out.push(left);
    else if (left === 1) out.push(right);
    else return null;
  }
  return out;
}
