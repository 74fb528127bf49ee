// What kernels reach on a software adapter: written by scripts/calibrate.ts, not by hand.
import type { MeasuredRates } from './estimate.ts';

export const LAVAPIPE: { readonly measuredOn: string; readonly rates: MeasuredRates } = {
  measuredOn: 'llvmpipe (LLVM 15.0.6, 256 bits), 2 × Intel(R) Xeon(R) Processor',
  rates: {
    dispatch: 1.2e-5,
    sequence: 0.95,
    variants: {
      'avg_pool<STRIP=8,PADDED=true>': { flops: 4.7e7, bytes: Infinity },
      'avg_pool_grad<STRIP=8,PADDED=true>': { flops: 1.98e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 4.59e7 },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 8.4e8,
      },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=2,STEP_X=2>': {
        flops: Infinity,
        bytes: 1.34e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=2,TAPS_X=2,STEP_Y=1,STEP_X=1>': {
        flops: 8.65e8,
        bytes: Infinity,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=1,STEP_X=1>': {
        flops: Infinity,
        bytes: 1.83e9,
      },
      'conv_depthwise_patch<ROWS=8,PIXELS=4,TAPS_Y=3,TAPS_X=3,STEP_Y=2,STEP_X=2>': {
        flops: 2.15e9,
        bytes: Infinity,
      },
      'conv_subgroup<LANES=8,QUADS=4,PIXELS=12,TERMS=2>': { flops: 4.36e11, bytes: 2.04e9 },
      'conv_subgroup<LANES=8,QUADS=5,PIXELS=8,TERMS=2>': { flops: 2.23e10, bytes: 1.25e10 },
      'conv_subgroup<LANES=8,QUADS=6,PIXELS=8,TERMS=2>': { flops: 2.51e10, bytes: 4.49e9 },
      'conv_subgroup<LANES=8,QUADS=8,PIXELS=8,TERMS=2>': { flops: 3.33e10, bytes: 2.97e9 },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=18>':
        { flops: 8.59e9, bytes: 5.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=1,PIXELS=16,TAPS_X=4,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=19>':
        { flops: Infinity, bytes: 1.83e8 },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=5>':
        { flops: 2.27e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=5>':
        { flops: 5.28e10, bytes: 1.35e9 },
      'conv_subgroup_strip<LANES=8,QUADS=16,PIXELS=4,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: Infinity, bytes: 5.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=15,TAPS_X=11,STEP_X=4,FIRST_SOURCE=2,END_SOURCE=66>':
        { flops: 1.33e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=2,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 2.56e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=32,PIXELS=2,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=3>':
        { flops: 4.16e10, bytes: 1.68e10 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=13,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=14>':
        { flops: 6e10, bytes: 7.12e8 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=14,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=16>':
        { flops: 3.83e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: 8.35e10, bytes: 7.44e8 },
      'conv_subgroup_strip<LANES=8,QUADS=4,PIXELS=8,TAPS_X=5,STEP_X=1,FIRST_SOURCE=2,END_SOURCE=9>':
        { flops: 3.44e10, bytes: 5.37e8 },
      'conv_subgroup_strip<LANES=8,QUADS=6,PIXELS=3,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=4>':
        { flops: 1.86e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=2,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=8>':
        { flops: 5.99e10, bytes: 5.29e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=9>':
        { flops: 5.85e10, bytes: 1.49e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=7,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=15>':
        { flops: Infinity, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=0,END_SOURCE=10>':
        { flops: 6.25e10, bytes: 1.29e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=8>':
        { flops: 5.6e10, bytes: 3.2e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=1,FIRST_SOURCE=1,END_SOURCE=9>':
        { flops: 8e10, bytes: 6.2e8 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=17>':
        { flops: 1.51e10, bytes: Infinity },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=3,STEP_X=2,FIRST_SOURCE=1,END_SOURCE=15>':
        { flops: 1.72e10, bytes: 1.07e9 },
      'conv_subgroup_strip<LANES=8,QUADS=8,PIXELS=8,TAPS_X=7,STEP_X=2,FIRST_SOURCE=0,END_SOURCE=21>':
        { flops: 4.62e10, bytes: Infinity },
      copy: { flops: Infinity, bytes: 1.07e9 },
      'gather_taps<STRIDE_Y=1,STRIDE_X=1>': { flops: Infinity, bytes: Infinity },
      'gather_taps<STRIDE_Y=2,STRIDE_X=2>': { flops: 1.09e8, bytes: Infinity },
      'matmul_subgroup<LANES=8,ROW_GROUPS=2,COLUMNS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 1.81e10,
        bytes: 3.89e9,
      },
      'matmul_subgroup_vec4<LANES=8,ROW_GROUPS=2,QUADS=2,TERMS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 2.59e10,
        bytes: 6.4e9,
      },
      'max_pool<STRIP=8,INDEX=false>': { flops: 2.4e9, bytes: 1.43e9 },
      'max_pool<STRIP=8,INDEX=true>': { flops: 8.72e8, bytes: 1.86e9 },
      'max_pool_grad<STRIP=8,ARGMAX_ROWS=true>': { flops: Infinity, bytes: 8.73e8 },
      pointwise: { flops: Infinity, bytes: 3.18e8 },
      pointwise_vec4: { flops: 2.25e9, bytes: 5.17e9 },
      reduce: { flops: Infinity, bytes: 3.7e9 },
      reduce_rows: { flops: Infinity, bytes: 3.99e9 },
      'top_k<SMALLEST=false,LAST=false,INTEGER=false>': { flops: Infinity, bytes: Infinity },
    },
    kernels: {
      avg_pool: { flops: 4.7e7, bytes: Infinity },
      avg_pool_grad: { flops: 1.98e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 4.59e7 },
      conv_depthwise_patch: { flops: 6.34e9, bytes: 4.33e9 },
      conv_subgroup: { flops: 3.19e10, bytes: 3.24e9 },
      conv_subgroup_strip: { flops: 5.19e10, bytes: 1.92e9 },
      copy: { flops: Infinity, bytes: 1.07e9 },
      gather_taps: { flops: Infinity, bytes: 1.05e9 },
      matmul_subgroup: { flops: 1.81e10, bytes: 3.89e9 },
      matmul_subgroup_vec4: { flops: 2.59e10, bytes: 6.4e9 },
      max_pool: { flops: 1.39e9, bytes: 1.58e9 },
      max_pool_grad: { flops: Infinity, bytes: 8.73e8 },
      pointwise: { flops: Infinity, bytes: 3.18e8 },
      pointwise_vec4: { flops: 2.25e9, bytes: 5.17e9 },
      reduce: { flops: Infinity, bytes: 3.7e9 },
      reduce_rows: { flops: Infinity, bytes: 3.99e9 },
      top_k: { flops: Infinity, bytes: Infinity },
    },
    dense: { flops: 4.42e10, bytes: 2.47e9 },
    other: { flops: Infinity, bytes: 3.17e9 },
  },
};
