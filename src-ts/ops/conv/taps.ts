// The gradient to an input of few channels, such as an image. As one pass its tiles would be filled by
// those few channels only; so the products of the cotangent with every tap's weights come first, as a
// 1 × 1 convolution with in · taps outputs, and are then gathered.
import { elementCount } from '../../core/shape.ts';
import { callKernel, type KernelCall, type Work } from '../../kernels/kernel.ts';
import { gatherTaps, gatherTapsRows } from './kernels.ts';
import type { Pass, PassContext } from './pass.ts';
import { planesOf, rowsOf, type Rows } from './rows.ts';
import { epilogueBuffers, epilogueParams, epilogueSlots, extrasOf } from '../epilogue.ts';
import { costOf, workOverElements, workOverRows } from '../lowering.ts';
import type { Operand } from '../op-def.ts';

const FEW_CHANNELS = 4;
const MOST_LOADS = 50; // for a row of products, that are unrolled

/** Whether a pass is better made of products and a gather, and their storage stays moderate. */
export function wantsTapProducts(pass: Pass): boolean {
  const taps = elementCount(pass.window.kernel);
  return (
    pass.backward &&
    pass.groups === 1 &&
    pass.outChannels <= FEW_CHANNELS &&
    taps > 1 &&
    pass.outChannels * taps <= 2 * pass.inChannels
  );
}

/** The products as a pass of its own: 1 × 1, from the cotangent to in · taps channels. */
export function tapProductsPass(pass: Pass, { temporary }: PassContext): Pass {
  const channels = pass.outChannels * elementCount(pass.window.kernel);
  const [batch] = pass.source.type.shape;
  const size = pass.window.output;
  const products = temporary({ dtype: 'float32', shape: [batch!, channels, ...size] });
  return {
    ...pass,
    result: products,
    outChannels: channels,
    window: {
      ...pass.window,
      kernel: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0],
      input: size,
      output: size,
    },
  };
}

/** Adds the products up where they belong. */
export function gatherTapsCall(context: PassContext, pass: Pass, products: Operand): KernelCall {
  const { epilogue, traits } = context;
  const { window, result } = pass;
  const rows = traits.subgroupLanes === null ? null : rowsOf(pass, traits.subgroupLanes);
  const optionsFor = (work: Work) => ({
    slots: epilogueSlots(epilogue),
    buffers: { x: products.buffer, y: result.buffer, ...epilogueBuffers(epilogue) },
    params: {
      unit: work.unit,
      outHeight: window.input[0],
      outWidth: window.input[1],
      inHeight: window.output[0],
      inWidth: window.output[1],
      kernelHeight: window.kernel[0],
      kernelWidth: window.kernel[1],
      dilationY: window.dilations[0],
      dilationX: window.dilations[1],
      padY: window.pads[0],
      padX: window.pads[1],
      ...epilogueParams(result),
    },
    work,
    cost: costOf(1, products, [products, result, ...extrasOf(epilogue)]),
  });
  if (rows === null || rows.cell === 1 || loadsOf(rows) > MOST_LOADS) {
    const constants = { STRIDE_Y: window.strides[0], STRIDE_X: window.strides[1] };
    return callKernel(gatherTaps, { constants, ...optionsFor(workOverElements(result, 64)) });
  }
  const work = workOverRows(result, pass.outChannels, planesOf(rows));
  return callKernel(gatherTapsRows, { constants: rows.constants, ...optionsFor(work) });
}

const loadsOf = ({ constants: { TAPS_Y, TAPS_X, CELLS } }: Rows): number => TAPS_Y * TAPS_X * CELLS;
