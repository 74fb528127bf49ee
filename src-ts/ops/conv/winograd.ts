// Winograd's F(4 × 4, 3 × 3) for convolutions of stride 1 and their input gradients (Lavin & Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016): 36 multiplications for 16 outputs instead of
// 144. The 36 products over channels are one 1 × 1 convolution of 36 groups, whose pixels are patches; so
// the kernels that make it are those of every convolution.
import { callKernel, defineKernel, NO_BUFFER, type KernelCall } from '../../kernels/kernel.ts';
import type { Pass, PassContext } from './pass.ts';
import {
  EPILOGUE_BUFFERS,
  EPILOGUE_SLOTS,
  epilogueBuffers,
  epilogueParams,
  epilogueSlots,
  extrasOf,
} from '../epilogue.ts';
import { costOf, workOverRows } from '../lowering.ts';
import type { AdapterTraits, Operand } from '../op-def.ts';

const MATRICES = 36;
const FEWEST_CHANNELS = 32; // fewer do not pay for the transformations
const WORKGROUP = 64;

export const winogradWeights = defineKernel({
  file: 'conv/winograd_weights.wgsl',
  constants: [],
  slots: [],
  buffers: ['w', 'packed'],
  params: [
    ...(['unit', 'inChannels', 'outChannels', 'paddedChannels'] as const),
    ...(['inStride', 'outStride', 'flipped'] as const),
  ],
});

export const winogradInput = defineKernel({
  file: 'conv/winograd_input.wgsl',
  constants: [],
  slots: [],
  buffers: ['x', 'y'],
  params: [
    ...(['unit', 'channels', 'height', 'width'] as const),
    ...(['patchesY', 'patchesX', 'offsetY', 'offsetX'] as const),
  ],
});

export const winogradOutput = defineKernel({
  file: 'conv/winograd_output.wgsl',
  constants: [],
  slots: EPILOGUE_SLOTS,
  buffers: ['products', 'bias', 'y', ...EPILOGUE_BUFFERS],
  params: [
    ...(['unit', 'channels', 'height', 'width'] as const),
    ...(['patchesY', 'patchesX', 'biased', 'rowElements'] as const),
  ],
});

/** Whether a pass is to be made, and can be made, by patches of 4 × 4 outputs. */
export function wantsWinograd({ winograd = false }: AdapterTraits, pass: Pass): boolean {
  const { kernel, strides, dilations } = pass.window;
  return (
    winograd &&
    pass.groups === 1 &&
    kernel.every((taps) => taps === 3) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    Math.min(pass.inChannels, pass.outChannels) >= FEWEST_CHANNELS
  );
}

/** The products over channels as a pass of its own: 1 × 1, in 36 groups, over patches. */
export function winogradProductsPass(pass: Pass, { temporary }: PassContext): Pass {
  const patches = patchesOf(pass);
  const [batch] = pass.source.type.shape;
  const patched = (channels: number): Operand =>
    temporary({ dtype: 'float32', shape: [batch!, MATRICES * channels, ...patches] });
  return {
    ...pass,
    source: patched(pass.inChannels),
    result: patched(pass.outChannels),
    bias: undefined,
    groups: MATRICES,
    backward: false,
    window: {
      ...pass.window,
      kernel: [1, 1],
      pads: [0, 0],
      input: patches,
      output: patches,
    },
  };
}

function patchesOf({ result }: Pass): readonly [number, number] {
  const [, , height, width] = result.shape;
  return [Math.ceil(height! / 4), Math.ceil(width! / 4)];
}

export function winogradWeightsCall(pass: Pass, packed: Operand): KernelCall {
  const { weights, backward, inChannels, outChannels } = pass;
  const [outer, inner] = [weights.shape[1]! * 9, 9];
  const paddedChannels = packed.shape.at(-1)!;
  const unit = inChannels * paddedChannels;
  return callKernel(winogradWeights, {
    buffers: { w: weights.buffer, packed: packed.buffer },
    params: {
      ...{ unit, inChannels, outChannels, paddedChannels },
      inStride: backward ? outer : inner,
      outStride: backward ? inner : outer,
      flipped: backward ? 1 : 0,
    },
    work: { unit, batch: null, perGroup: WORKGROUP },
    cost: costOf(0, packed, [weights, packed]),
  });
}

export function winogradInputCall(pass: Pass, patched: Operand): KernelCall {
  const { source, inChannels: channels, window, backward } = pass;
  const [patchesY, patchesX] = patchesOf(pass);
  const work = workOverRows(source, channels * patchesY * patchesX, WORKGROUP);
  const [offsetY, offsetX] = window.pads.map((pad) => (backward ? pad - 2 : -pad));
  return callKernel(winogradInput, {
    buffers: { x: source.buffer, y: patched.buffer },
    params: {
      unit: work.unit,
      ...{ channels, patchesY, patchesX },
      height: source.shape[2]!,
      width: source.shape[3]!,
      offsetY: offsetY!,
      offsetX: offsetX!,
    },
    work,
    cost: costOf(0, patched, [source, patched]),
  });
}

export function winogradOutputCall(
  { epilogue }: PassContext,
  pass: Pass,
  products: Operand,
): KernelCall {
  const { result, outChannels: channels, bias } = pass;
  const [patchesY, patchesX] = patchesOf(pass);
  const work = workOverRows(result, channels * patchesY * patchesX, WORKGROUP);
  return callKernel(winogradOutput, {
    slots: epilogueSlots(epilogue),
    buffers: {
      products: products.buffer,
      bias: bias?.buffer ?? NO_BUFFER,
      y: result.buffer,
      ...epilogueBuffers(epilogue),
    },
    params: {
      unit: work.unit,
      ...{ channels, patchesY, patchesX },
      height: result.shape[2]!,
      width: result.shape[3]!,
      biased: bias === undefined ? 0 : 1,
      ...epilogueParams(result),
    },
    work,
    cost: costOf(0, result, [products, bias, result, ...extrasOf(epilogue)]),
  });
}
