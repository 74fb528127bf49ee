// Which input of a file is the image, and how its layout follows from [N, C, H, W]. Exporters flatten
// images, put channels last, fix the batch or leave it out; all of these mean the same image, and what
// was assumed is said in a note.
import { ModelError } from '../core/errors.ts';
import { batchDim, elementCount, type Dim } from '../core/shape.ts';
import { readsOf } from './bodies.ts';
import type { FileBatch, NodeContext } from './node-context.ts';
import { reshapeTo } from './ops/compose.ts';
import { dtypeOf, elementTypeName } from './proto/element-types.ts';
import type { OnnxDim, OnnxGraph, OnnxPort } from './proto/messages.ts';
import type { Value } from './value.ts';

/** Channels, height, width. */
export type ImageShape = readonly [number, number, number];

/** How an image becomes what the file takes. */
type Order = 'channels first' | 'channels last' | 'flat';

export interface ImageInput {
  readonly name: string;
  readonly image: ImageShape;
  readonly order: Order;
  /** Sizes of one image as the file has them. */
  readonly sizes: readonly number[];
  /** null: the input has no batch dimension at all. */
  readonly batch: FileBatch | null;
  readonly notes: readonly string[];
}

/** The image among the inputs that the wanted outputs read. */
export function findImageInput(
  graph: OnnxGraph,
  read: ReadonlySet<string>,
  imageShape: ImageShape | null,
  file: string,
): ImageInput {
  const given = graph.inputs.filter(({ name }) => !graph.initializers.has(name) && read.has(name));
  const images = given.filter((port) => isFloat(port.elementType) || isCastAtOnce(port, graph));
  const [port] = images;
  const [other] = given;
  if (port === undefined && given.length === 1 && isIntegers(other!.elementType)) {
    throw new ModelError(
      `${file}: input ${formatPort(other!)} takes integers, which have no gradient\n` +
        `  export the model with a float32 input, or let it cast its input to float32 at once`,
    );
  }
  if (port === undefined || given.length > 1) {
    const found = given.map(formatPort).join(', ');
    throw new ModelError(
      `${file}: expected one float32 image input, found ${found === '' ? 'none' : found}`,
    );
  }
  return readLayout(port, imageShape, file);
}

const isFloat = (elementType: number | null): boolean => dtypeOf(elementType) === 'float32';

function isIntegers(elementType: number | null): boolean {
  const dtype = dtypeOf(elementType);
  return dtype === 'int32' || dtype === 'int64';
}

/** Whether all that reads an input of integers is a cast to floats, so that it may as well hold floats. */
function isCastAtOnce({ name, elementType }: OnnxPort, { nodes, outputs }: OnnxGraph): boolean {
  const readers = nodes.filter((node) => readsOf(node).includes(name));
  const casts = readers.filter(({ operator, attributes }) => {
    const to = attributes.get('to');
    return operator === 'Cast' && to?.type === 'int' && isFloat(to.value);
  });
  const all = readers.length > 0 && casts.length === readers.length;
  return all && isIntegers(elementType) && outputs.every((output) => output.name !== name);
}

function readLayout(port: OnnxPort, imageShape: ImageShape | null, file: string): ImageInput {
  const shape = port.shape ?? (imageShape === null ? null : ['N', ...imageShape]);
  if (shape === null) {
    throw new ModelError(
      `${file}: input ${formatPort(port)} has no declared shape; expected [N, C, H, W]`,
    );
  }
  const dims = shape.map((dim) => (dim === 0 ? null : dim)); // 0 is how old exporters write "open"
  const head = dims[0] ?? null;
  const open = typeof head !== 'number';
  const batch: FileBatch = open ? { size: 1, fixed: false } : { size: head, fixed: true };
  const batchedForm = dims.length >= 2 ? layoutOf(dims.slice(1), imageShape) : null;
  const likely = imageShape !== null || open || head === 1 || dims.length % 2 === 0;
  const chosen = batchedForm !== null && likely ? batchedForm : null;
  const layout = chosen ?? layoutOf(dims, imageShape);
  if (layout === null) throw mismatch(port, dims, imageShape, file);
  const { image, order, sizes } = layout;
  const told = `input ${formatDims(dims)}`;
  const notes = [
    ...(order === 'channels last' ? [`${told} has channels last: images are transposed`] : []),
    ...(order === 'flat' ? [`${told} read as ${image.join(' × ')}`] : []),
    ...(port.elementType === 1 ? [] : [readAsFloat(port.elementType)]),
  ];
  return { name: port.name, image, order, sizes, batch: chosen === null ? null : batch, notes };
}

function readAsFloat(elementType: number | null): string {
  const told = `${elementTypeName(elementType)} read as float32`;
  return isFloat(elementType) ? told : `${told}: gradients flow as if the input were not rounded`;
}

interface Layout {
  readonly image: ImageShape;
  readonly order: Order;
  readonly sizes: readonly number[];
}

function layoutOf(dims: readonly OnnxDim[], imageShape: ImageShape | null): Layout | null {
  return imageShape === null ? guessLayout(dims) : matchLayout(dims, imageShape);
}

const fits = (dims: readonly OnnxDim[], sizes: readonly number[]): boolean =>
  dims.length === sizes.length &&
  dims.every((dim, axis) => typeof dim !== 'number' || dim === sizes[axis]);

const withoutOnes = (dims: readonly OnnxDim[]): OnnxDim[] => dims.filter((dim) => dim !== 1);

/** The layout that holds images of a known shape. */
function matchLayout(dims: readonly OnnxDim[], image: ImageShape): Layout | null {
  const [channels, height, width] = image;
  if (fits(dims, image)) return { image, order: 'channels first', sizes: image };
  const last = [height, width, channels];
  if (fits(dims, last)) return { image, order: 'channels last', sizes: last };
  const rest = withoutOnes(dims);
  const flat = fits(rest, [elementCount(image)]) || fits(rest, withoutOnes(image) as number[]);
  if (!flat) return null;
  const open = dims.length - dims.filter((dim) => typeof dim === 'number').length;
  const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : elementCount(image)));
  return open === 0 || rest.length === 1 ? { image, order: 'flat', sizes } : null;
}

/** The layout that sizes alone suggest. */
function guessLayout(dims: readonly OnnxDim[]): Layout | null {
  const sizes = dims.filter((dim) => typeof dim === 'number');
  if (sizes.length !== dims.length) return null;
  if (sizes.length === 3) return guessOrder(sizes as [number, number, number]);
  const rest = withoutOnes(sizes) as number[];
  if (rest.length === 3) return { image: rest as unknown as ImageShape, order: 'flat', sizes };
  if (rest.length === 2) return { image: [1, rest[0]!, rest[1]!], order: 'flat', sizes };
  const count = elementCount(rest);
  return rest.length > 1 ? null : { image: squareImage(count), order: 'flat', sizes };
}

const isChannels = (size: number): boolean => size === 1 || size === 3;

function guessOrder(sizes: readonly [number, number, number]): Layout {
  const [first, second, third] = sizes;
  const vector = second === 1 && third === 1 ? first : first === 1 && second === 1 ? third : 0;
  if (vector > 4) return { image: squareImage(vector), order: 'flat', sizes };
  if (isChannels(third) && !isChannels(first) && second > 1) {
    return { image: [third, first, second], order: 'channels last', sizes };
  }
  return { image: sizes, order: 'channels first', sizes };
}

/** 784 numbers are 1 × 28 × 28, 3072 are 3 × 32 × 32, others a row. */
function squareImage(count: number): ImageShape {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(count / channels);
    if (Number.isInteger(side)) return [channels, side, side];
  }
  return [1, 1, count];
}

function mismatch(
  port: OnnxPort,
  dims: readonly OnnxDim[],
  imageShape: ImageShape | null,
  file: string,
): ModelError {
  const where = `${file}: input ${formatPort(port)}`;
  if (imageShape === null) {
    const at = dims.findIndex((dim, axis) => axis > 0 && typeof dim !== 'number');
    const open = at < 0 ? '' : `: dimension ${at} ("${formatDim(dims[at]!)}") is open`;
    return new ModelError(`${where}: expected the fixed sizes of an image${open}`);
  }
  const count = dims
    .slice(1)
    .reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 1), 1);
  const [have, want] = [elementCount(imageShape), imageShape.join(' × ')];
  return new ModelError(
    `${where} does not take images of ${want}: it reads ${count} numbers an image, they have ${have}`,
  );
}

const formatDim = (dim: OnnxDim): string => (dim === null ? '?' : String(dim));
const formatDims = (dims: readonly OnnxDim[]): string => `[${dims.map(formatDim).join(', ')}]`;

/** `"x" float32[N, 3, 224, 224]` */
export function formatPort({ name, elementType, shape }: OnnxPort): string {
  return `"${name}" ${elementTypeName(elementType)}${shape === null ? '' : formatDims(shape)}`;
}

/** The image in the layout of the file. `extent` is the batch: a symbol, or 1. */
export function adaptImage(image: Value, input: ImageInput, extent: Dim, at: NodeContext): Value {
  if (input.order === 'channels last') {
    const moved = at.emit('transpose', { x: image }, { perm: [0, 2, 3, 1] });
    return input.batch === null ? reshapeTo(moved, input.sizes, at) : moved;
  }
  const sizes = input.batch === null ? input.sizes : [extent, ...input.sizes];
  return reshapeTo(image, sizes, at);
}

/** The batch of a graph that takes any number of images. */
export const ANY_BATCH = batchDim('N');
