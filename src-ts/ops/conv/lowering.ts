// From convolutions to kernel calls. One kernel serves the pass forward and the pass backward to the
// input: shaders/conv/geometry.wgsl has the mapping. Weights are packed first, into the order the
// kernel walks them; for constant weights the executor does that once.
import { elementCount } from '../../core/shape.ts';
import { callKernel, type KernelCall } from '../../kernels/kernel.ts';
import { depthwiseCall } from './depthwise.ts';
import { packWeights } from './kernels.ts';
import type { PassTile } from './tile.ts';
import { choosePassTile, roundUp } from './tiles.ts';
import { gatherTapsCall, tapProductsPass, wantsTapProducts } from './taps.ts';
import { passBuffers, passCost, passGeometry, type Pass, type PassContext } from './pass.ts';
import {
  wantsWinograd,
  winogradInputCall,
  winogradOutputCall,
  winogradProductsPass,
  winogradWeightsCall,
} from './winograd.ts';
import { epilogueSlots } from '../epilogue.ts';
import { costOf, workOverRows } from '../lowering.ts';
import type { LowerContext, Operand } from '../op-def.ts';
import type { Chosen } from '../variants.ts';
import { planeWindow } from '../window.ts';

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
  const tile = choosePassTile(context.traits, pass);
  const paddedChannels = roundUp(pass.outChannels, tile.variant.channels);
  const taps = elementCount(pass.window.kernel) * pass.groups;
  const packed = context.temporary({
    dtype: 'float32',
    shape: [taps, pass.inChannels, paddedChannels],
  });
  return [packCall(pass, packed), passCall(context, pass, packed, tile)];
}

function lowerWinograd(context: PassContext, pass: Pass): KernelCall[] {
  const products = winogradProductsPass(pass, context);
  const tile = choosePassTile(context.traits, products);
  const packed = context.temporary({
    dtype: 'float32',
    shape: [products.groups, pass.inChannels, roundUp(pass.outChannels, tile.variant.channels)],
  });
  return [
    winogradWeightsCall(pass, packed),
    winogradInputCall(pass, products.source),
    passCall({ ...context, epilogue: null }, products, packed, tile),
    winogradOutputCall(context, pass, products.result),
  ];
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
  { variant: { channels, items, perGroup, call }, choice }: Chosen<PassTile>,
): KernelCall {
  const geometry = passGeometry(pass);
  const tiles = Math.ceil(pass.outChannels / channels);
  const y = geometry.phasesY * geometry.phasesX * pass.groups * tiles;
  const work = workOverRows(pass.result, items, perGroup, y);
  const made = call({
    slots: epilogueSlots(context.epilogue),
    buffers: passBuffers(context, pass, weights.buffer),
    params: {
      ...geometry,
      unit: work.unit,
      tiles,
      paddedChannels: tiles * channels,
    },
    work,
    cost: passCost(context, pass, weights),
  });
  return { ...made, choice };
}
