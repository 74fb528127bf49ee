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
  if (!tapsOf(pass).every(({ gap, count }) => gap === 1 && count <= MOST_TAPS)) {
    return stripCall(context, pass);
  }
  const lanes = context.traits.subgroupLanes;
  return lanes !== null && keepsRows(pass, lanes)
    ? rowsCall(context, pass, lanes)
    : patchCall(context, pass);
}

/** Taps left and right of an output. */
function haloOf(pass: Pass): readonly [left: number, right: number] {
  const { kernelWidth, offsetX, tapStepX } = passGeometry(pass);
  const left = tapStepX > 0 ? -offsetX : kernelWidth - 1 - offsetX;
  return [left, kernelWidth - 1 - left];
}

/** Whether rows keep their width, and the lanes of a subgroup can hold one. */
function keepsRows(pass: Pass, lanes: number): boolean {
  const { inWidth, outWidth, gridStepY, gridStepX, phasesY, phasesX } = passGeometry(pass);
  return (
    [gridStepY, gridStepX, phasesY, phasesX].every((step) => step === 1) &&
    inWidth === outWidth &&
    inWidth % QUAD === 0 &&
    inWidth <= QUAD * MOST_QUADS * lanes &&
    haloOf(pass).every((taps) => taps >= 0 && taps <= QUAD)
  );
}

function rowsCall(context: PassContext, pass: Pass, lanes: number): KernelCall {
  const geometry = passGeometry(pass);
  const rowQuads = geometry.inWidth / QUAD;
  const quads = Math.ceil(rowQuads / lanes);
  const rowLanes = Math.ceil(rowQuads / quads);
  const work = workOverRows(pass.result, pass.groups, Math.floor(lanes / rowLanes));
  return callKernel(convDepthwiseRows, {
    constants: {
      LANES: lanes,
      ROW_LANES: rowLanes,
      QUADS: quads,
      TAPS_Y: geometry.kernelHeight,
      TAPS_X: geometry.kernelWidth,
      HALO: haloOf(pass)[0],
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
