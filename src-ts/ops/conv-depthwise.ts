// Convolutions with one channel per group: no sums over channels, so the kernels own planes. Where taps
// follow each other without gaps, as all but dilated ones do, a patch of outputs shares its loads; where
// rows keep their width too and lanes can pass pixels to their neighbours, whole rows do.
import { callKernel, type KernelCall, type Work } from '../kernels/kernel.ts';
import { convDepthwise, convDepthwisePatch, convDepthwiseRows } from './conv-kernels.ts';
import {
  gridOf,
  passBuffers,
  passCost,
  passGeometry,
  tapsOf,
  type Pass,
  type PassContext,
} from './conv-pass.ts';
import { epilogueSlots } from './epilogue.ts';
import { workOverRows } from './lowering.ts';

const STRIP = 4; // outputs in a row of the kernel for dilated taps
const WORKGROUP = 64;
const MOST_TAPS = 7; // of an axis, that are unrolled
const QUAD = 4; // pixels that a lane loads at once, and the most it takes from a neighbour
const MOST_QUADS = 4; // of a lane

export function depthwiseCall(context: PassContext, pass: Pass): KernelCall {
  const lanes = context.traits.subgroupLanes;
  if (lanes !== null && takesRows(pass, lanes)) return rowsCall(context, pass, lanes);
  return tapsOf(pass).every(({ gap, count }) => gap === 1 && count <= MOST_TAPS)
    ? patchCall(context, pass)
    : stripCall(context, pass);
}

/** Outputs for each source along both axes, and taps above and left of an output. */
function rowGeometry(pass: Pass) {
  const { kernelHeight, kernelWidth, offsetY, offsetX, phasesY, phasesX } = passGeometry(pass);
  const halo = (kernel: number, offset: number): number =>
    pass.backward ? kernel - 1 - offset : -offset;
  return {
    ups: [phasesY, phasesX],
    halos: [halo(kernelHeight, offsetY), halo(kernelWidth, offsetX)],
  } as const;
}

/** Whether rows have the width of the source's or a multiple of it, and the lanes of a subgroup hold one. */
function takesRows(pass: Pass, lanes: number): boolean {
  const { gridStepY, gridStepX, inWidth, outWidth } = passGeometry(pass);
  const { kernel, dilations } = pass.window;
  const { ups, halos } = rowGeometry(pass);
  const [up] = ups;
  return (
    [gridStepY, gridStepX, ...dilations].every((step) => step === 1) &&
    ups.every((each) => each === up) &&
    outWidth === inWidth * up &&
    inWidth % QUAD === 0 &&
    inWidth <= QUAD * MOST_QUADS * lanes &&
    kernel.every((taps) => taps >= up && taps <= MOST_TAPS) &&
    halos.every((halo, axis) => halo >= 0 && halo < kernel[axis]! && halo <= QUAD * up) &&
    kernel[1] - 1 - halos[1] <= QUAD * up
  );
}

function rowsCall(context: PassContext, pass: Pass, lanes: number): KernelCall {
  const { inWidth, kernelHeight, kernelWidth } = passGeometry(pass);
  const { ups, halos } = rowGeometry(pass);
  const rowQuads = inWidth / QUAD;
  const quads = Math.ceil(rowQuads / lanes);
  const rowLanes = Math.ceil(rowQuads / quads);
  const work = workOverRows(pass.result, pass.groups, Math.floor(lanes / rowLanes));
  return callKernel(convDepthwiseRows, {
    constants: {
      ...{ LANES: lanes, ROW_LANES: rowLanes, QUADS: quads, UP: ups[0] },
      ...{ TAPS_Y: kernelHeight, TAPS_X: kernelWidth, HALO_Y: halos[0], HALO_X: halos[1] },
    },
    ...optionsOf(context, pass, work),
  });
}

function patchCall(context: PassContext, pass: Pass): KernelCall {
  const geometry = passGeometry(pass);
  const [vertical, horizontal] = tapsOf(pass);
  const { rows, pixels } = patchSize(context.traits.subgroupLanes !== null, vertical.count);
  const [gridHeight, gridWidth] = gridOf(pass);
  const perRow = pass.groups * Math.ceil(gridHeight / rows) * Math.ceil(gridWidth / pixels);
  const work = workOverRows(pass.result, perRow, WORKGROUP, geometry.phasesY * geometry.phasesX);
  return callKernel(convDepthwisePatch, {
    constants: {
      ROWS: rows,
      PIXELS: pixels,
      TAPS_Y: vertical.count,
      TAPS_X: horizontal.count,
      STEP_Y: geometry.gridStepY,
      STEP_X: geometry.gridStepX,
    },
    ...optionsOf(context, pass, work),
  });
}

/** Large patches where a core runs few invocations, small ones where many must be kept busy. */
function patchSize(
  onCpu: boolean,
  taps: number,
): { readonly rows: number; readonly pixels: number } {
  if (taps <= 3) return { rows: onCpu ? 8 : 2, pixels: 4 };
  const rows = taps <= 5 ? 2 : 1;
  return { rows, pixels: onCpu ? 8 : 4 };
}

function stripCall(context: PassContext, pass: Pass): KernelCall {
  const geometry = passGeometry(pass);
  const [gridHeight, gridWidth] = gridOf(pass);
  const perRow = pass.groups * gridHeight * Math.ceil(gridWidth / STRIP);
  const work = workOverRows(pass.result, perRow, 64, geometry.phasesY * geometry.phasesX);
  return callKernel(convDepthwise, {
    constants: { PIXELS: STRIP },
    ...optionsOf(context, pass, work),
  });
}

/** What all of them are told alike. */
const optionsOf = (context: PassContext, pass: Pass, work: Work) => ({
  slots: epilogueSlots(context.epilogue),
  buffers: passBuffers(context, pass, pass.weights.buffer),
  params: { ...passGeometry(pass), unit: work.unit, tiles: 1, paddedChannels: 1 },
  work,
  cost: passCost(context, pass, pass.weights),
});
