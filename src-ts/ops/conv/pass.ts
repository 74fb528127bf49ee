// A convolution's pass over its input, forward or backward, as the parameters of the kernels that make
// it: shaders/conv/geometry.wgsl says what they mean.
import { elementCount } from '../../core/shape.ts';
import type { OpKind } from '../../graph/op-set.ts';
import type { Cost } from '../../kernels/cost.ts';
import { NO_BUFFER, type BufferRef } from '../../kernels/kernel.ts';
import type { PASS_BUFFERS } from './kernels.ts';
import { epilogueBuffers, epilogueParams, extrasOf } from '../epilogue.ts';
import { costOf } from '../lowering.ts';
import type { LowerContext, Operand } from '../op-def.ts';
import type { PlaneWindow } from '../window.ts';

/** A pass as the kernels see it: what is read and written, whichever way it goes. */
export interface Pass {
  readonly source: Operand;
  readonly result: Operand;
  readonly weights: Operand;
  readonly bias: Operand | undefined;
  readonly groups: number;
  /** Of one group. */
  readonly inChannels: number;
  readonly outChannels: number;
  readonly window: PlaneWindow;
  readonly backward: boolean;
}

export type PassContext = Pick<
  LowerContext<OpKind>,
  'output' | 'traits' | 'temporary' | 'epilogue' | 'extents'
>;

export const passBuffers = (
  { epilogue }: PassContext,
  pass: Pass,
  weights: BufferRef,
): Record<(typeof PASS_BUFFERS)[number], BufferRef> => ({
  x: pass.source.buffer,
  w: weights,
  bias: pass.bias?.buffer ?? NO_BUFFER,
  y: pass.result.buffer,
  ...epilogueBuffers(epilogue),
});

/** Every tap multiplies each output of a convolution with the channels of its group; `weights` as read. */
export function passCost({ epilogue }: PassContext, pass: Pass, weights: Operand): Cost {
  const { source, result, bias, window, backward } = pass;
  const perTap = 2 * (backward ? pass.outChannels : pass.inChannels);
  const flops = perTap * elementCount(window.kernel);
  const touched = [source, weights, bias, result, ...extrasOf(epilogue)];
  return costOf(flops, backward ? source : result, touched);
}

/** Height and width of the result. */
const resultSize = ({ window, backward }: Pass): readonly [number, number] =>
  backward ? window.input : window.output;

/** Pixels of one phase of the result. */
export function gridOf(pass: Pass): readonly [number, number] {
  const [height, width] = resultSize(pass);
  if (!pass.backward) return [height, width];
  const [strideY, strideX] = pass.window.strides;
  return [Math.ceil(height / strideY), Math.ceil(width / strideX)];
}

export function pixelsOf(pass: Pass): number {
  const [height, width] = gridOf(pass);
  return height * width;
}

export function passGeometry(pass: Pass) {
  const { window, backward } = pass;
  const [inHeight, inWidth] = backward ? window.output : window.input;
  const [outHeight, outWidth] = resultSize(pass);
  const [gridHeight, gridWidth] = gridOf(pass);
  const axes = ([0, 1] as const).map((axis) => {
    const [stride, dilation] = [window.strides[axis], window.dilations[axis]];
    const pad = window.pads[axis];
    if (!backward) return { phases: 1, step: stride, offset: -pad, tapStep: dilation, skip: 1 };
    const skip = stride / greatestCommonDivisor(stride, dilation);
    return { phases: stride, step: 1, offset: pad, tapStep: -dilation, skip };
  });
  const [vertical, horizontal] = [axes[0]!, axes[1]!];
  return {
    groups: pass.groups,
    inChannels: pass.inChannels,
    outChannels: pass.outChannels,
    biased: pass.bias === undefined ? 0 : 1,
    ...{ inHeight, inWidth, outHeight, outWidth, gridHeight, gridWidth },
    kernelHeight: window.kernel[0],
    kernelWidth: window.kernel[1],
    gridStepY: vertical.step,
    gridStepX: horizontal.step,
    phasesY: vertical.phases,
    phasesX: horizontal.phases,
    offsetY: vertical.offset,
    offsetX: horizontal.offset,
    tapStepY: vertical.tapStep,
    tapStepX: horizontal.tapStep,
    tapSkipY: vertical.skip,
    tapSkipX: horizontal.skip,
    ...epilogueParams(pass.result),
  };
}

/** Taps of an axis that meet one phase, and the distance of the inputs they read. */
export interface AxisTaps {
  readonly count: number;
  readonly gap: number;
}

/** The taps of both axes, down and across. */
export function tapsOf(pass: Pass): readonly [AxisTaps, AxisTaps] {
  const { tapStepY, tapStepX, tapSkipY, tapSkipX, phasesY, phasesX } = passGeometry(pass);
  const [height, width] = pass.window.kernel;
  return [
    { count: Math.ceil(height / tapSkipY), gap: Math.abs(tapStepY * tapSkipY) / phasesY },
    { count: Math.ceil(width / tapSkipX), gap: Math.abs(tapStepX * tapSkipX) / phasesX },
  ];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
