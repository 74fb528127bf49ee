// The WGSL kernels of convolutions.
import { defineKernel } from '../../kernels/kernel.ts';
import { EPILOGUE_BUFFERS, EPILOGUE_SLOTS } from '../epilogue.ts';

export const PASS_BUFFERS = ['x', 'w', 'bias', 'y', ...EPILOGUE_BUFFERS] as const;
const PASS_PARAMS = [
  ...([
    'unit',
    'groups',
    'inChannels',
    'outChannels',
    'tiles',
    'paddedChannels',
    'biased',
  ] as const),
  ...(['inHeight', 'inWidth', 'outHeight', 'outWidth', 'gridHeight', 'gridWidth'] as const),
  ...(['kernelHeight', 'kernelWidth', 'gridStepY', 'gridStepX', 'phasesY', 'phasesX'] as const),
  ...(['offsetY', 'offsetX', 'tapStepY', 'tapStepX', 'tapSkipY', 'tapSkipX'] as const),
  'rowElements',
] as const;

const ofPass = { slots: EPILOGUE_SLOTS, buffers: PASS_BUFFERS, params: PASS_PARAMS } as const;

export const convSubgroup = defineKernel({
  file: 'conv/conv_subgroup.wgsl',
  constants: ['LANES', 'QUADS', 'PIXELS', 'TERMS'],
  ...ofPass,
});

export const convSubgroupStrip = defineKernel({
  file: 'conv/conv_subgroup_strip.wgsl',
  constants: ['LANES', 'QUADS', 'PIXELS', 'TAPS_X', 'STEP_X', 'FIRST_SOURCE', 'END_SOURCE'],
  ...ofPass,
});

export const convSubgroupPoints = defineKernel({
  file: 'conv/conv_subgroup_points.wgsl',
  constants: ['LANES', 'QUADS', 'POINTS', 'TERMS'],
  ...ofPass,
});

export const convTiled = defineKernel({
  file: 'conv/conv_tiled.wgsl',
  constants: ['THREADS', 'CHANNELS', 'PIXELS', 'DEPTH'],
  ...ofPass,
});

export const convDepthwise = defineKernel({
  file: 'conv/conv_depthwise.wgsl',
  constants: ['PIXELS'],
  ...ofPass,
});

export const convDepthwisePatch = defineKernel({
  file: 'conv/conv_depthwise_patch.wgsl',
  constants: ['ROWS', 'PIXELS', 'TAPS_Y', 'TAPS_X', 'STEP_Y', 'STEP_X'],
  ...ofPass,
});

/** Of shaders/conv/rows.wgsl. */
const ROW_CONSTANTS = [
  ...(['LANES', 'ROW_LANES', 'CELLS', 'UP'] as const),
  ...(['TAPS_Y', 'TAPS_X', 'HALO_Y', 'HALO_X'] as const),
] as const;

export const convDepthwiseRows = defineKernel({
  file: 'conv/conv_depthwise_rows.wgsl',
  constants: ROW_CONSTANTS,
  ...ofPass,
});

export const convDepthwiseRowsSingle = defineKernel({
  file: 'conv/conv_depthwise_rows_single.wgsl',
  constants: ROW_CONSTANTS,
  ...ofPass,
});

const GATHER_PARAMS = [
  ...(['unit', 'outHeight', 'outWidth', 'inHeight', 'inWidth'] as const),
  ...(['kernelHeight', 'kernelWidth', 'dilationY', 'dilationX', 'padY', 'padX'] as const),
  'rowElements',
] as const;

const ofGather = {
  slots: EPILOGUE_SLOTS,
  buffers: ['x', 'y', ...EPILOGUE_BUFFERS],
  params: GATHER_PARAMS,
} as const;

export const gatherTaps = defineKernel({
  file: 'conv/gather_taps.wgsl',
  constants: ['STRIDE_Y', 'STRIDE_X'],
  ...ofGather,
});

export const gatherTapsRows = defineKernel({
  file: 'conv/gather_taps_rows.wgsl',
  constants: ROW_CONSTANTS,
  ...ofGather,
});

export const packWeights = defineKernel({
  file: 'conv/pack_weights.wgsl',
  constants: [],
  slots: [],
  buffers: ['w', 'packed'],
  params: [
    ...(['unit', 'taps', 'inChannels', 'outChannels', 'paddedChannels'] as const),
    ...(['groupStride', 'inStride', 'outStride'] as const),
  ],
});
