// What kernels reach on a software adapter: written by scripts/calibrate.ts, not by hand.
import type { MeasuredRates } from './estimate.ts';

export const LAVAPIPE: { readonly measuredOn: string; readonly rates: MeasuredRates } = {
  measuredOn: 'llvmpipe (LLVM 15.0.6, 256 bits), 2 × Intel(R) Xeon(R) Processor',
  rates: {
    dispatch: 9.74e-6,
    sequence: 0.94,
    variants: {
      'avg_pool<STRIP=8,PADDED=true>': { flops: 6.57e7, bytes: Infinity },
      'avg_pool_grad<STRIP=8,PADDED=true>': { flops: 2.91e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 1.2e6 },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 7.73e8,
      },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=2,STEP_X=2>': {
        flops: Infinity,
        bytes: 1.41e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 1.62e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=2,STEP_X=2>': {
        flops: Infinity,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=1,UP=1,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>': {
        flops: 1.73e10,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=1,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>': {
        flops: 7.83e9,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=2,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: Infinity,
        bytes: 6.6e9,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=2,UP=2,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: Infinity,
        bytes: 8.59e9,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=4,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: Infinity,
        bytes: 9.22e9,
      },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=1,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>':
        { flops: 3.29e9, bytes: Infinity },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=2,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>':
        { flops: Infinity, bytes: 2.68e9 },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=2,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>':
        { flops: 5.18e9, bytes: Infinity },
      'conv_subgroup<LANES=8,QUADS=4,PIXELS=12,TERMS=2>': { flops: Infinity, bytes: 3.39e9 },
      'conv_subgroup<LANES=8,QUADS=6,PIXELS=8,TERMS=2>': { flops: Infinity, bytes: 1.38e9 },
      'conv_subgroup<LANES=8,QUADS=8,PIXELS=8,TERMS=2>': { flops: 3.05e10, bytes: 7.78e9 },
      'conv_subgroup_points<LANES=8,QUADS=4,POINTS=3,TERMS=2>': { flops: 2.42e10, bytes: Infinity },
      'conv_subgroup_points<LANES=8,QUADS=5,POINTS=2,TERMS=2>': { flops: 2.69e10, bytes: Infinity },
      'conv_subgroup_points<LANES=8,QUADS=6,POINTS=2,TERMS=2>': { flops: 2.19e10, bytes: Infinity },
      'conv_subgroup_points<LANES=8,QUADS=8,POINTS=2,TERMS=2>': { flops: 3.6e10, bytes: 5.17e9 },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=18>':
        { flops: 1.72e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=4,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=19>':
        { flops: 1.25e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=5>':
        { flops: 2.81e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=5>':
        { flops: 5.37e10, bytes: 4.66e9 },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: Infinity, bytes: 4.83e8 },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=15,TAPS_X=11,STEP_X=4,FIRST_SOURCE=2,END_SOURCE=66>':
        { flops: 2e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 3.86e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=32,PIXELS=2,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=3>':
        { flops: 4.66e10, bytes: 3.97e10 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=13,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=14>':
        { flops: 3.94e10, bytes: 1.01e10 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=14,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=16>':
        { flops: 3.44e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: 2.92e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 5.44e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=6,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: 2.83e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=8>':
        { flops: 7.67e10, bytes: 4.08e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: 4.92e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=15>':
        { flops: 4.78e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=10>':
        { flops: 5.23e10, bytes: 3.47e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=8>':
        { flops: 4.97e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=9>':
        { flops: 1.12e11, bytes: 9.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=17>':
        { flops: 2.23e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=1,END_SOURCE=15>':
        { flops: 3.79e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=7,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=21>':
        { flops: 3.04e10, bytes: Infinity },
      copy: { flops: Infinity, bytes: 1.37e9 },
      'gather_taps<STRIDE_Y=2,STRIDE_X=2>': { flops: 1.53e8, bytes: Infinity },
      'gather_taps_rows<LANES=8,ROW_LANES=7,CELLS=4,UP=2,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: 5.37e8,
        bytes: Infinity,
      },
      'gather_taps_rows<LANES=8,ROW_LANES=8,CELLS=1,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: 1.39e9,
        bytes: Infinity,
      },
      'matmul_subgroup<LANES=8,ROW_GROUPS=2,COLUMNS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 2.79e10,
        bytes: 4.91e9,
      },
      'matmul_subgroup_vec4<LANES=8,ROW_GROUPS=2,QUADS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 3.68e10,
        bytes: 4.86e9,
      },
      'max_pool<STRIP=8,INDEX=false>': { flops: 1.09e9, bytes: 3.32e9 },
      'max_pool<STRIP=8,INDEX=true>': { flops: 5.64e8, bytes: 6.68e9 },
      'max_pool_grad<STRIP=8,ROWS=2,ARGMAX_ROWS=true>': { flops: Infinity, bytes: 1.56e9 },
      pointwise: { flops: Infinity, bytes: 5.83e8 },
      pointwise_vec4: { flops: 2.56e9, bytes: 5.85e9 },
      reduce: { flops: Infinity, bytes: 3.04e9 },
      reduce_rows: { flops: Infinity, bytes: 3.91e9 },
      take_along: { flops: Infinity, bytes: 3.42e7 },
      'top_k<SMALLEST=false,LAST=false,INTEGER=false>': { flops: Infinity, bytes: 6.71e7 },
    },
    kernels: {
      avg_pool: { flops: 6.57e7, bytes: Infinity },
      avg_pool_grad: { flops: 2.91e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 1.2e6 },
      conv_depthwise_patch: { flops: 5.04e9, bytes: 6.09e9 },
      conv_depthwise_rows: { flops: 2.43e10, bytes: 1.73e10 },
      conv_depthwise_rows_single: { flops: Infinity, bytes: 2.48e9 },
      conv_subgroup: { flops: 2.99e10, bytes: 9.03e9 },
      conv_subgroup_points: { flops: 3.06e10, bytes: 1.08e10 },
      conv_subgroup_strip: { flops: 5.04e10, bytes: 5.07e9 },
      copy: { flops: Infinity, bytes: 1.37e9 },
      gather_taps: { flops: 1.53e8, bytes: Infinity },
      gather_taps_rows: { flops: Infinity, bytes: 5.33e9 },
      matmul_subgroup: { flops: 2.79e10, bytes: 4.91e9 },
      matmul_subgroup_vec4: { flops: 3.68e10, bytes: 4.86e9 },
      max_pool: { flops: 8.11e8, bytes: 4.05e9 },
      max_pool_grad: { flops: Infinity, bytes: 1.56e9 },
      pointwise: { flops: Infinity, bytes: 5.83e8 },
      pointwise_vec4: { flops: 2.56e9, bytes: 5.85e9 },
      reduce: { flops: Infinity, bytes: 3.04e9 },
      reduce_rows: { flops: Infinity, bytes: 3.91e9 },
      take_along: { flops: Infinity, bytes: 3.42e7 },
      top_k: { flops: Infinity, bytes: 6.71e7 },
    },
    dense: { flops: 4.31e10, bytes: 5.65e9 },
    other: { flops: Infinity, bytes: 3.39e9 },
  },
};
