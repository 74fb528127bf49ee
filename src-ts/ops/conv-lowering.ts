// From convolutions to kernel calls. One kernel serves the pass forward and the pass backward to the
// input: shaders/conv/geometry.wgsl has the mapping. Weights are packed first, into the order the
// kernel walks them; for constant weights the executor does that once.
import { elementCount } from '../core/shape.ts';
import { callKernel, type KernelCall } from '../kernels/kernel.ts';
import { BLOCK_ROWS, blocksOf, prefersBlocks } from './conv-blocks.ts';
import { depthwiseCall } from './conv-depthwise.ts';
import { convSubgroup, convTiled, packWeights } from './conv-kernels.ts';
import { gatherTapsCall, tapProductsPass, wantsTapProducts } from './conv-taps.ts';
import {
  gridOf,
  passBuffers,
  passCost,
  passGeometry,
  type Pass,
  type PassContext,
} from './conv-pass.ts';
import {
  wantsWinograd,
  winogradInputCall,
  winogradOutputCall,
  winogradProductsPass,
  winogradWeightsCall,
} from './conv-winograd.ts';
import { epilogueSlots } from './epilogue.ts';
import { costOf, workOverRows } from './lowering.ts';
import type { AdapterTraits, LowerContext, Operand } from './op-def.ts';
import { planeWindow } from './window.ts';

const THREADS = 16; // along each side of a workgroup of the tiled kernel
const DEPTH = 16;

export function lowerConv(context: LowerContext<'conv'>): KernelCall[] {
  const { x, w, bias } = context.inputs;
  const { attrs, label } = context.node;
  const { groups } = attrs;
  return lowerPass(context, {
    source: x,
    result: context.output,
    weights: w,
    bias,
    groups,
    inChannels: w.shape[1]!,
    outChannels: w.shape[0]! / groups,
    window: planeWindow('conv', label, attrs, x.shape.slice(2)),
    backward: false,
  });
}

export function lowerInputGrad(context: LowerContext<'conv_input_grad'>): KernelCall[] {
  const { dy, w } = context.inputs;
  const { attrs, label } = context.node;
  const { groups } = attrs;
  return lowerPass(context, {
    source: dy,
    result: context.output,
    weights: w,
    bias: undefined,
    groups,
    inChannels: w.shape[0]! / groups,
    outChannels: w.shape[1]!,
    window: planeWindow('conv_input_grad', label, attrs, attrs.inputSize),
    backward: true,
  });
}

function lowerPass(context: PassContext, pass: Pass): KernelCall[] {
  if (pass.inChannels === 1 && pass.outChannels === 1) return [depthwiseCall(context, pass)];
  if (wantsTapProducts(pass)) {
    const products = tapProductsPass(pass, context);
    const gathered = gatherTapsCall(context, pass, products.result);
    return [...lowerDense({ ...context, epilogue: null }, products), gathered];
  }
  return wantsWinograd(context.traits, pass)
    ? lowerWinograd(context, pass)
    : lowerDense(context, pass);
}

function lowerDense(context: PassContext, pass: Pass): KernelCall[] {
  const tile = chooseTile(context.traits, pass);
  const paddedChannels = roundUp(pass.outChannels, tile.channels);
  const taps = elementCount(pass.window.kernel) * pass.groups;
  const packed = context.temporary({
    dtype: 'float32',
    shape: [taps, pass.inChannels, paddedChannels],
  });
  return [packCall(pass, packed), passCall(context, pass, packed, tile)];
}

function lowerWinograd(context: PassContext, pass: Pass): KernelCall[] {
  const products = winogradProductsPass(pass, context);
  const tile = chooseTile(context.traits, products);
  const packed = context.temporary({
    dtype: 'float32',
    shape: [products.groups, pass.inChannels, roundUp(pass.outChannels, tile.channels)],
  });
  return [
    winogradWeightsCall(pass, packed),
    winogradInputCall(pass, products.source),
    passCall({ ...context, epilogue: null }, products, packed, tile),
    winogradOutputCall(context, pass, products.result),
  ];
}

/** Output channels and pixels of one workgroup, and the constants that make a kernel do so. */
interface Tile {
  readonly channels: number;
  /** Or blocks of pixels. */
  readonly pixels: number;
  /** Blocks of pixels in an image, down and across, where subgroups take those. */
  readonly blocks?: readonly [number, number];
  readonly call: (options: TileOptions) => KernelCall;
}

type TileOptions = Omit<Parameters<typeof callKernel<typeof convTiled>>[1], 'constants'>;

// What a tile of so many output channels reaches of the best one's speed, by measurement on lavapipe.
const SUBGROUP_TILES = [
  { channels: 32, pixels: 8, speed: 1 },
  { channels: 24, pixels: 8, speed: 0.95 },
  { channels: 20, pixels: 8, speed: 0.95 },
  { channels: 16, pixels: 12, speed: 0.95 },
  { channels: 12, pixels: 8, speed: 0.8 },
  { channels: 8, pixels: 8, speed: 0.6 },
  { channels: 4, pixels: 8, speed: 0.35 },
] as const;

function chooseTile({ subgroupLanes }: AdapterTraits, pass: Pass): Tile {
  const { outChannels } = pass;
  if (subgroupLanes === null) {
    const perThread = outChannels <= THREADS ? 1 : outChannels <= 2 * THREADS ? 2 : 4;
    const depth = pass.inChannels <= 4 ? 4 : pass.inChannels <= 8 ? 8 : DEPTH;
    const constants = { THREADS, CHANNELS: perThread, PIXELS: 4, DEPTH: depth };
    return {
      channels: THREADS * perThread,
      pixels: THREADS * 4,
      call: (options) => callKernel(convTiled, { ...options, constants }),
    };
  }
  const cost = ({ channels, speed }: (typeof SUBGROUP_TILES)[number]): number =>
    roundUp(outChannels, channels) / speed;
  // A quad of channels is loaded by one lane.
  const fitting = SUBGROUP_TILES.filter(({ channels }) => channels <= 4 * subgroupLanes);
  const { channels, pixels } = fitting.reduce((best, tile) =>
    cost(tile) < cost(best) ? tile : best,
  );
  const inBlocks = prefersBlocks(pass, subgroupLanes, pixels);
  const constants = {
    LANES: subgroupLanes,
    QUADS: channels / 4,
    PIXELS: pixels,
    BLOCK_ROWS: inBlocks ? BLOCK_ROWS : 0,
  };
  return {
    channels,
    ...(inBlocks
      ? { pixels, blocks: blocksOf(pass, subgroupLanes) }
      : { pixels: subgroupLanes * pixels }),
    call: (options) => callKernel(convSubgroup, { ...options, constants }),
  };
}

function packCall(pass: Pass, packed: Operand): KernelCall {
  const taps = elementCount(pass.window.kernel);
  const [outer, inner] = weightStrides(pass);
  const unit = elementCount(packed.shape);
  return callKernel(packWeights, {
    buffers: { w: pass.weights.buffer, packed: packed.buffer },
    params: {
      unit,
      taps,
      inChannels: pass.inChannels,
      outChannels: pass.outChannels,
      paddedChannels: packed.shape.at(-1)!,
      groupStride: (pass.weights.shape[0]! / pass.groups) * outer,
      inStride: pass.backward ? outer : inner,
      outStride: pass.backward ? inner : outer,
    },
    work: { unit, batch: null, perGroup: 64 },
    cost: costOf(0, packed, [pass.weights, packed]),
  });
}

/** Strides of the weights' first two axes. Taps that are channels of their own are a stride of one. */
function weightStrides({ weights, window }: Pass): readonly [number, number] {
  const taps = elementCount(weights.shape.slice(2));
  return [weights.shape[1]! * taps, elementCount(window.kernel)];
}

function passCall(
  context: PassContext,
  pass: Pass,
  weights: Operand,
  { channels, pixels, blocks, call }: Tile,
): KernelCall {
  const geometry = passGeometry(pass);
  const tiles = Math.ceil(pass.outChannels / channels);
  const [gridHeight, gridWidth] = blocks ?? gridOf(pass);
  const y = geometry.phasesY * geometry.phasesX * pass.groups * tiles;
  const work = workOverRows(pass.result, gridHeight * gridWidth, pixels, y);
  return call({
    slots: epilogueSlots(context.epilogue),
    buffers: passBuffers(context, pass, weights.buffer),
    params: {
      ...geometry,
      ...(blocks !== undefined && { blocksY: blocks[0], blocksX: blocks[1] }),
      unit: work.unit,
      tiles,
      paddedChannels: tiles * channels,
    },
    work,
    cost: passCost(context, pass, weights),
  });
}

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
