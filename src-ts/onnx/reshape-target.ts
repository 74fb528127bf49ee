// Where the batch goes in a reshape. ONNX files write the target for the batch they were exported with:
// `[1, -1]`, `[-1, 784]`, `[64, 49, 96]` after windows were folded into the batch. Read for any batch,
// the target keeps each image's elements together, or the reshape is refused.
//
// A batch axis with P elements in front of it stays behind P elements: an entry of the target preceded
// by exactly P elements takes the batch, and what follows must hold the rest of one image. So rows move
// as blocks and images never mix.
import { findBatch, productOf, type BatchDim, type Dim, type Shape } from '../core/shape.ts';

/**
 * The target with 0, −1 and the file's own batch size resolved; a text says why there is none.
 * `fileBatch` is how many images the file's sizes stand for.
 */
export function resolveReshape(
  from: Shape,
  target: Shape,
  { allowZero = false, fileBatch = 1 }: { allowZero?: boolean; fileBatch?: number } = {},
): Shape | string {
  const dims: Dim[] = [];
  for (const [axis, dim] of target.entries()) {
    const copied = dim === 0 && !allowZero ? from[axis] : dim;
    if (copied === undefined)
      return `entry ${axis} copies a dimension that the input does not have`;
    dims.push(copied);
  }
  if (dims.some((dim) => typeof dim === 'number' && (dim < -1 || !Number.isSafeInteger(dim)))) {
    return 'the target has a negative size';
  }
  if (dims.filter((dim) => dim === -1).length > 1) return 'the target has more than one -1';
  const batch = findBatch(from);
  if (batch === null) return resolveStatic(from, dims);
  return resolveBatched(from, dims, batch, fileBatch);
}

function resolveStatic(from: Shape, dims: readonly Dim[]): Shape | string {
  if (findBatch(dims) !== null) return 'the target is batched, the input is not';
  const count = productOf(from) as number;
  const rest = known(dims);
  if (!dims.includes(-1)) return rest === count ? dims : mismatch(count, rest);
  if (rest === 0 || count % rest !== 0) return mismatch(count, rest);
  return dims.map((dim) => (dim === -1 ? count / rest : dim));
}

const mismatch = (count: number, rest: number): string =>
  `the input has ${count} elements, the target takes ${rest}`;

/** The product of the entries that are plain sizes. */
function known(dims: readonly Dim[]): number {
  return dims.reduce<number>(
    (product, dim) => (typeof dim === 'number' && dim !== -1 ? product * dim : product),
    1,
  );
}

function resolveBatched(
  from: Shape,
  dims: readonly Dim[],
  batch: { readonly axis: number; readonly dim: BatchDim },
  fileBatch: number,
): Shape | string {
  const before = productOf(from.slice(0, batch.axis)) as number;
  const rest = batch.dim.times * (productOf(from.slice(batch.axis + 1)) as number);
  const given = dims.findIndex((dim) => typeof dim !== 'number');
  const places = given >= 0 ? [given] : dims.keys();
  for (const place of places) {
    const resolved = placeBatch(dims, place, before, rest, batch.dim.symbol, fileBatch);
    if (resolved !== null) return resolved;
  }
  return "no dimension of the target can take the batch and keep each image's elements together";
}

/** The target with the batch at one place, or null when the elements around it do not add up. */
function placeBatch(
  dims: readonly Dim[],
  place: number,
  before: number,
  rest: number,
  symbol: string,
  fileBatch: number,
): Dim[] | null {
  const lead = completed(dims.slice(0, place), before);
  if (lead === null) return null;
  const entry = dims[place]!;
  const tail = dims.slice(place + 1);
  const after = known(tail);
  if (entry === -1) {
    if (tail.includes(-1) || after === 0 || rest % after !== 0 || rest === 0) return null;
    return [...lead, { symbol, times: rest / after }, ...tail];
  }
  const times = typeof entry === 'number' ? entry / fileBatch : entry.times;
  if (!Number.isInteger(times) || times < 1 || rest % times !== 0) return null;
  const completedTail = completed(tail, rest / times);
  return completedTail === null ? null : [...lead, { symbol, times }, ...completedTail];
}

/** Sizes of a given product, a −1 among them filled in; null when there are none. */
function completed(dims: readonly Dim[], count: number): Dim[] | null {
  const product = known(dims);
  if (!dims.includes(-1)) return product === count ? [...dims] : null;
  if (product === 0 || count % product !== 0) return null;
  return dims.map((dim) => (dim === -1 ? count / product : dim));
}
