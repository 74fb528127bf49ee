// Convolutions with one channel per group: no sums over channels, so the kernels own planes. Where taps
// follow each other without gaps, as all but dilated ones do, a patch of outputs shares its loads; where
// rows keep their width too and lanes can pass pixels to their neighbours, whole rows do.
import { callKernel, type KernelCall, type Work } from '../../kernels/kernel.ts';
import {
  convDepthwise,
  convDepthwisePatch,
  convDepthwiseRows,
  convDepthwiseRowsSingle,
} from './kernels.ts';
import {
  gridOf,
  passBuffers,
  passCost,
  passGeometry,
  tapsOf,
  type Pass,
  type PassContext,
} from './pass.ts';
import { MOST_TAPS, planesOf, rowsOf, type Rows } from './rows.ts';
import { epilogueSlots } from '../epilogue.ts';
import { workOverRows } from '../lowering.ts';

const STRIP = 4; // outputs in a row of the kernel for dilated taps
const WORKGROUP = 64;

export function depthwiseCall(context: PassContext, pass: Pass): KernelCall {
  const lanes = context.traits.subgroupLanes;
  const rows = lanes === null ? null : rowsOf(pass, lanes);
  if (rows !== null) return rowsCall(context, pass, rows);
  return tapsOf(pass).every(({ gap, count }) => gap === 1 && count <= MOST_TAPS)
    ? patchCall(context, pass)
    : stripCall(context, pass);
}

function rowsCall(context: PassContext, pass: Pass, rows: Rows): KernelCall {
  const work = workOverRows(pass.result, pass.groups, planesOf(rows));
  const kernel = rows.cell === 1 ? convDepthwiseRowsSingle : convDepthwiseRows;
  return callKernel(kernel, { constants: rows.constants, ...optionsOf(context, pass, work) });
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
