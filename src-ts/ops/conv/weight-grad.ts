// From weight gradients of convolutions to kernel calls: partial sums over some images each, and their sum
// (shaders/conv/weight_grad_geometry.wgsl).
import { elementCount } from '../../core/shape.ts';
import { callKernel, defineKernel, type KernelCall } from '../../kernels/kernel.ts';
import { costOf, leadingBatch } from '../lowering.ts';
import type { LowerContext } from '../op-def.ts';
import { planeWindow, type PlaneWindow } from '../window.ts';

const BUFFERS = ['x', 'dy', 'parts'] as const;
const PARAMS = [
  ...(['unit', 'perPart', 'tiles', 'launched', 'channelTiles', 'columnTiles'] as const),
  ...(['groups', 'inChannels', 'outChannels'] as const),
  ...(['inHeight', 'inWidth', 'outHeight', 'outWidth', 'kernelHeight', 'kernelWidth'] as const),
  ...(['strideY', 'strideX', 'dilationY', 'dilationX', 'padY', 'padX'] as const),
] as const;

export const weightGradSubgroup = defineKernel({
  file: 'conv/conv_weight_grad_subgroup.wgsl',
  constants: ['LANES', 'CHANNEL_GROUPS', 'COLUMNS', 'PADDED'],
  slots: [],
  buffers: BUFFERS,
  params: PARAMS,
});

export const weightGradTiled = defineKernel({
  file: 'conv/conv_weight_grad_tiled.wgsl',
  constants: ['THREADS', 'CHANNELS', 'COLUMNS', 'DEPTH'],
  slots: [],
  buffers: BUFFERS,
  params: PARAMS,
});

export const weightGradDirect = defineKernel({
  file: 'conv/conv_weight_grad_direct.wgsl',
  constants: [],
  slots: [],
  buffers: BUFFERS,
  params: PARAMS,
});

export const sumParts = defineKernel({
  file: 'conv/sum_parts.wgsl',
  constants: [],
  slots: [],
  buffers: ['parts', 'y'],
  params: ['unit', 'launched', 'images', 'perPart'],
});

/** Pixels that are worth a part of their own. */
const PART_PIXELS = 1024;
const FEW_CHANNELS = 4; // of a group: too few to share what is loaded
/** What a load by each lane costs beside a product, by measurement on lavapipe. */
const LOAD = 12;
const THREADS = 16; // along each side of a workgroup of the tiled kernel
const MOST_GROUPS = 65535; // along one dimension of a dispatch

/** The product that a weight gradient is: rows by columns, for each group. */
interface Product {
  readonly groups: number;
  readonly channels: number;
  readonly columns: number;
  readonly padded: boolean;
}

/** A kernel with its constants, and how it cuts the product. */
interface Cut {
  readonly tiles: number;
  readonly channelTiles: number;
  readonly columnTiles: number;
  readonly call: (options: CutOptions) => KernelCall;
}

type CutOptions = Omit<Parameters<typeof callKernel<typeof weightGradTiled>>[1], 'constants'>;

export function lowerWeightGrad(context: LowerContext<'conv_weight_grad'>): KernelCall[] {
  const { node, output, traits } = context;
  const { x, dy } = context.inputs;
  const { attrs, label } = node;
  const window = planeWindow('conv_weight_grad', label, attrs, x.shape.slice(2));
  const [written, read] = attrs.weightShape as readonly [number, number];
  const product: Product = {
    groups: attrs.groups,
    channels: written / attrs.groups,
    columns: elementCount(attrs.weightShape.slice(1)),
    padded: reachesPadding(window),
  };
  const { call, tiles, channelTiles, columnTiles } = cutProduct(traits.subgroupLanes, product);
  const batch = leadingBatch(x.type.shape);
  const images = batch?.times ?? x.shape[0]!;
  const perPart = Math.ceil(PART_PIXELS / elementCount(window.output));
  const mostParts = Math.ceil(x.shape[0]! / perPart);
  const parts = context.temporary({ dtype: 'float32', shape: [mostParts, ...attrs.weightShape] });
  const live = { batch: batch?.symbol ?? null };
  const launched = Math.min(tiles, MOST_GROUPS);
  const weights = elementCount(attrs.weightShape);
  const sumGroups = Math.min(Math.ceil(weights / 64), MOST_GROUPS);
  return [
    call({
      buffers: { x: x.buffer, dy: dy.buffer, parts: parts.buffer },
      params: {
        ...{ unit: images, perPart, tiles, launched, channelTiles, columnTiles },
        ...{ groups: product.groups, inChannels: read, outChannels: product.channels },
        ...windowParams(window),
      },
      work: { ...live, unit: images, perGroup: perPart, y: launched },
      cost: costOf(2 * product.columns, dy, [x, dy, parts]),
    }),
    callKernel(sumParts, {
      buffers: { parts: parts.buffer, y: output.buffer },
      params: { unit: weights, launched: 64 * sumGroups, images, perPart },
      // The batch is named for its extent, which bounds the sum, and asks for one workgroup along x.
      work: { ...live, unit: 1, perGroup: Infinity, y: sumGroups },
      cost: costOf(1, parts, [parts, output]),
    }),
  ];
}

/** Whether some tap of some output lies outside the input. */
function reachesPadding({ kernel, strides, dilations, pads, input, output }: PlaneWindow): boolean {
  return [0, 1].some((axis) => {
    const last = (output[axis]! - 1) * strides[axis]! + (kernel[axis]! - 1) * dilations[axis]!;
    return pads[axis]! > 0 || last >= input[axis]!;
  });
}

function cutProduct(lanes: number | null, product: Product): Cut {
  if (product.channels < FEW_CHANNELS) {
    const tiles = Math.ceil((product.groups * product.channels * product.columns) / 64);
    const call = (options: CutOptions): KernelCall => callKernel(weightGradDirect, options);
    return { tiles, channelTiles: 1, columnTiles: 1, call };
  }
  if (lanes === null) {
    const perThread = (size: number): number => (size <= THREADS ? 1 : size <= 2 * THREADS ? 2 : 4);
    const [CHANNELS, COLUMNS] = [perThread(product.channels), perThread(product.columns)];
    const constants = { THREADS, CHANNELS, COLUMNS, DEPTH: 16 };
    const call = (options: CutOptions): KernelCall =>
      callKernel(weightGradTiled, { ...options, constants });
    return { ...tilesOf(product, THREADS * CHANNELS, THREADS * COLUMNS), call };
  }
  const { CHANNEL_GROUPS, COLUMNS } = chooseTile(lanes, product);
  const constants = { LANES: lanes, CHANNEL_GROUPS, COLUMNS, PADDED: product.padded };
  const call = (options: CutOptions): KernelCall =>
    callKernel(weightGradSubgroup, { ...options, constants });
  return { ...tilesOf(product, CHANNEL_GROUPS * lanes, COLUMNS * lanes), call };
}

function tilesOf(product: Product, channels: number, columns: number): Omit<Cut, 'call'> {
  const channelTiles = Math.ceil(product.channels / channels);
  const columnTiles = Math.ceil(product.columns / columns);
  return { channelTiles, columnTiles, tiles: product.groups * channelTiles * columnTiles };
}

const TILE_SIZES = [1, 2, 3, 4];

/** The tile with the least work: loads, broadcasts and products of all tiles, in instructions. */
function chooseTile(lanes: number, { channels, columns, padded }: Product) {
  const tiles = TILE_SIZES.flatMap((CHANNEL_GROUPS) =>
    TILE_SIZES.map((COLUMNS) => {
      const count =
        Math.ceil(channels / (CHANNEL_GROUPS * lanes)) * Math.ceil(columns / (COLUMNS * lanes));
      const loads = LOAD * (CHANNEL_GROUPS + (padded ? 1.5 : 1) * COLUMNS);
      return {
        CHANNEL_GROUPS,
        COLUMNS,
        cost: count * (loads + lanes * CHANNEL_GROUPS * (1 + COLUMNS)),
      };
    }),
  );
  return tiles.reduce((best, tile) => (tile.cost < best.cost ? tile : best));
}

function windowParams({ input, output, kernel, strides, dilations, pads }: PlaneWindow) {
  return {
    inHeight: input[0],
    inWidth: input[1],
    outHeight: output[0],
    outWidth: output[1],
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideY: strides[0],
    strideX: strides[1],
    dilationY: dilations[0],
    dilationX: dilations[1],
    padY: pads[0],
    padX: pads[1],
  };
}
