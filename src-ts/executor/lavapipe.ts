// What kernels reach on a software adapter: written by scripts/calibrate.ts, not by hand.
import type { MeasuredRates } from './estimate.ts';

export const LAVAPIPE: { readonly measuredOn: string; readonly rates: MeasuredRates } = {
  measuredOn: 'llvmpipe (LLVM 15.0.6, 256 bits), 2 × Intel(R) Xeon(R) Processor',
  rates: {
    dispatch: 9.23e-6,
    sequence: 0.97,
    variants: {
      'avg_pool<STRIP=8,PADDED=true>': { flops: 8.7e7, bytes: Infinity },
      'avg_pool_grad<STRIP=8,PADDED=true>': { flops: 3.25e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 7.8e7 },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 7.25e8,
      },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=2,STEP_X=2>': {
        flops: Infinity,
        bytes: 1.32e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 1.54e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=2,STEP_X=2>': {
        flops: 2.66e9,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=1,UP=1,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>': {
        flops: 2.01e10,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=1,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>': {
        flops: 1.04e10,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=2,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: 1.4e10,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=2,UP=2,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: 4.92e9,
        bytes: Infinity,
      },
      'conv_depthwise_rows<LANES=8,ROW_LANES=7,CELLS=4,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: Infinity,
        bytes: 7.22e9,
      },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=1,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>':
        { flops: 4.29e9, bytes: Infinity },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=2,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>':
        { flops: Infinity, bytes: 2.64e9 },
      'conv_depthwise_rows_single<LANES=8,ROW_LANES=7,CELLS=2,UP=2,TAPS_Y=5,TAPS_X=5,HALO_Y=2,HALO_X=2>':
        { flops: 6.12e9, bytes: Infinity },
      'conv_subgroup<LANES=8,QUADS=4,PIXELS=12,TERMS=2>': { flops: Infinity, bytes: 2.88e9 },
      'conv_subgroup<LANES=8,QUADS=6,PIXELS=8,TERMS=2>': { flops: 3.26e10, bytes: Infinity },
      'conv_subgroup<LANES=8,QUADS=8,PIXELS=8,TERMS=2>': { flops: 3.13e10, bytes: 7.95e9 },
      'conv_subgroup_points<LANES=8,QUADS=16,POINTS=2,TERMS=2>': { flops: 2.98e10, bytes: 8.05e10 },
      'conv_subgroup_points<LANES=8,QUADS=4,POINTS=3,TERMS=2>': { flops: 1.83e10, bytes: Infinity },
      'conv_subgroup_points<LANES=8,QUADS=5,POINTS=2,TERMS=2>': { flops: 3.21e10, bytes: 1.71e10 },
      'conv_subgroup_points<LANES=8,QUADS=6,POINTS=2,TERMS=2>': { flops: 2.36e10, bytes: Infinity },
      'conv_subgroup_points<LANES=8,QUADS=8,POINTS=2,TERMS=2>': { flops: 4.04e10, bytes: 6.11e9 },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=18>':
        { flops: Infinity, bytes: 5.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=4,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=19>':
        { flops: 1.45e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=5>':
        { flops: Infinity, bytes: 5.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=5>':
        { flops: 8.21e10, bytes: 9.41e9 },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: 2.99e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=15,TAPS_X=11,STEP_X=4,FIRST_SOURCE=2,END_SOURCE=66>':
        { flops: 1.66e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 5.92e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=32,PIXELS=2,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=3>':
        { flops: 6.84e10, bytes: 4.47e10 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=13,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=14>':
        { flops: 9.76e10, bytes: 1.19e9 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=14,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=16>':
        { flops: 5.52e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: Infinity, bytes: 1.03e9 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 4.38e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=6,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: Infinity, bytes: 9.56e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=8>':
        { flops: Infinity, bytes: 2.54e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: 4.7e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=15>':
        { flops: 2.42e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=10>':
        { flops: 4.67e10, bytes: 6.68e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=8>':
        { flops: 4.31e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=9>':
        { flops: 7.29e11, bytes: 4.71e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=17>':
        { flops: 1.77e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=1,END_SOURCE=15>':
        { flops: Infinity, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=7,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=21>':
        { flops: Infinity, bytes: 4.51e8 },
      copy: { flops: Infinity, bytes: 1.34e9 },
      'gather_taps<STRIDE_Y=2,STRIDE_X=2>': { flops: 1.62e8, bytes: Infinity },
      'gather_taps_rows<LANES=8,ROW_LANES=7,CELLS=4,UP=2,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: Infinity,
        bytes: 4.29e9,
      },
      'gather_taps_rows<LANES=8,ROW_LANES=8,CELLS=1,UP=1,TAPS_Y=3,TAPS_X=3,HALO_Y=1,HALO_X=1>': {
        flops: 1.83e9,
        bytes: Infinity,
      },
      'matmul_subgroup<LANES=8,ROW_GROUPS=2,COLUMNS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: Infinity,
        bytes: 3.09e9,
      },
      'matmul_subgroup_vec4<LANES=8,ROW_GROUPS=2,QUADS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 5.35e10,
        bytes: 4.56e9,
      },
      'max_pool<STRIP=8,INDEX=false>': { flops: 6.72e8, bytes: 5.34e9 },
      'max_pool<STRIP=8,INDEX=true>': { flops: 7.47e8, bytes: 6.61e9 },
      'max_pool_grad<STRIP=8,ROWS=2,ARGMAX_ROWS=true>': { flops: Infinity, bytes: 1.9e9 },
      pointwise: { flops: Infinity, bytes: 8.18e8 },
      pointwise_vec4: { flops: 3.33e9, bytes: 6.04e9 },
      reduce: { flops: Infinity, bytes: 3.6e9 },
      reduce_rows: { flops: Infinity, bytes: 4.34e9 },
      'top_k<SMALLEST=false,LAST=false,INTEGER=false>': { flops: 2.46e8, bytes: 3.8e8 },
      'top_k<SMALLEST=true,LAST=false,INTEGER=false>': { flops: Infinity, bytes: 4.69e5 },
    },
    kernels: {
      avg_pool: { flops: 8.7e7, bytes: Infinity },
      avg_pool_grad: { flops: 3.25e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 7.8e7 },
      conv_depthwise_patch: { flops: 4.85e9, bytes: 5.28e9 },
      conv_depthwise_rows: { flops: 3.08e10, bytes: 1.1e10 },
      conv_depthwise_rows_single: { flops: 6.36e9, bytes: 2.24e10 },
      conv_subgroup: { flops: 3.22e10, bytes: 7.62e9 },
      conv_subgroup_points: { flops: 3.66e10, bytes: 8.2e9 },
      conv_subgroup_strip: { flops: 5.79e10, bytes: 3.93e9 },
      copy: { flops: Infinity, bytes: 1.34e9 },
      gather_taps: { flops: 1.62e8, bytes: Infinity },
      gather_taps_rows: { flops: Infinity, bytes: 7.1e9 },
      matmul_subgroup: { flops: Infinity, bytes: 3.09e9 },
      matmul_subgroup_vec4: { flops: 5.35e10, bytes: 4.56e9 },
      max_pool: { flops: 7.07e8, bytes: 6.09e9 },
      max_pool_grad: { flops: Infinity, bytes: 1.9e9 },
      pointwise: { flops: Infinity, bytes: 8.18e8 },
      pointwise_vec4: { flops: 3.33e9, bytes: 6.04e9 },
      reduce: { flops: Infinity, bytes: 3.6e9 },
      reduce_rows: { flops: Infinity, bytes: 4.34e9 },
      top_k: { flops: 2.46e8, bytes: 3.79e8 },
    },
    dense: { flops: 4.88e10, bytes: 5.18e9 },
    other: { flops: Infinity, bytes: 3.81e9 },
  },
};
