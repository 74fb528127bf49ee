// What kernels reach on a software adapter: written by scripts/calibrate.ts, not by hand.
import type { MeasuredRates } from './estimate.ts';

export const LAVAPIPE: { readonly measuredOn: string; readonly rates: MeasuredRates } = {
  measuredOn: 'llvmpipe (LLVM 15.0.6, 256 bits), 2 × Intel(R) Xeon(R) Processor',
  rates: {
    dispatch: 7.34e-6,
    variants: {
      'avg_pool<STRIP=8,PADDED=true>': { flops: 9.44e7, bytes: Infinity },
      'avg_pool_grad<STRIP=8,PADDED=true>': { flops: 3.29e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 9.36e6 },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=1,STEP_X=1>': {
        flops: 4.54e9,
        bytes: Infinity,
      },
      'conv_depthwise_patch<ROWS=2,PIXELS=8,TAPS_Y=5,TAPS_X=5,STEP_Y=2,STEP_X=2>': {
        flops: 3.04e9,
        bytes: Infinity,
      },
      'conv_depthwise_patch<ROWS=4,PIXELS=8,TAPS_Y=2,TAPS_X=2,STEP_Y=1,STEP_X=1>': {
        flops: 1.66e9,
        bytes: Infinity,
      },
      'conv_depthwise_patch<ROWS=4,PIXELS=8,TAPS_Y=3,TAPS_X=3,STEP_Y=1,STEP_X=1>': {
        flops: 3.88e9,
        bytes: Infinity,
      },
      'conv_depthwise_patch<ROWS=4,PIXELS=8,TAPS_Y=3,TAPS_X=3,STEP_Y=2,STEP_X=2>': {
        flops: 1.77e9,
        bytes: Infinity,
      },
      'conv_subgroup<LANES=8,QUADS=1,PIXELS=8>': { flops: 9.05e9, bytes: 3.57e8 },
      'conv_subgroup<LANES=8,QUADS=2,PIXELS=8>': { flops: 1.52e10, bytes: 5.31e9 },
      'conv_subgroup<LANES=8,QUADS=4,PIXELS=8>': { flops: 2.01e10, bytes: 5.3e9 },
      'conv_subgroup<LANES=8,QUADS=5,PIXELS=6>': { flops: 1.91e10, bytes: Infinity },
      'conv_subgroup<LANES=8,QUADS=6,PIXELS=5>': { flops: 1.66e10, bytes: 3.37e9 },
      'conv_subgroup<LANES=8,QUADS=8,PIXELS=4>': { flops: 2.98e10, bytes: 1.97e9 },
      copy: { flops: Infinity, bytes: 1.28e9 },
      'gather_taps<STRIDE_Y=1,STRIDE_X=1>': { flops: 3.44e8, bytes: Infinity },
      'gather_taps<STRIDE_Y=2,STRIDE_X=2>': { flops: 1.31e8, bytes: Infinity },
      'matmul_subgroup<LANES=8,ROW_GROUPS=2,COLUMNS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 8.1e10,
        bytes: 4.04e9,
      },
      'matmul_subgroup_vec4<LANES=8,ROW_GROUPS=2,QUADS=2,A_ROWS=false,B_ROWS=false>': {
        flops: 2.42e10,
        bytes: 1.21e10,
      },
      'max_pool<STRIP=8,INDEX=false>': { flops: 4.49e9, bytes: 1.57e9 },
      'max_pool<STRIP=8,INDEX=true>': { flops: 1.23e9, bytes: 2.19e9 },
      'max_pool_grad<STRIP=8,ARGMAX_ROWS=true>': { flops: Infinity, bytes: 1.05e9 },
      pointwise: { flops: Infinity, bytes: 4.52e8 },
      pointwise_vec4: { flops: 3.21e9, bytes: 5.69e9 },
      reduce: { flops: 8.56e8, bytes: Infinity },
      reduce_rows: { flops: Infinity, bytes: 4.56e9 },
      'top_k<SMALLEST=false,LAST=false,INTEGER=false>': { flops: 2.57e8, bytes: 1.08e9 },
    },
    kernels: {
      avg_pool: { flops: 9.44e7, bytes: Infinity },
      avg_pool_grad: { flops: 3.29e7, bytes: Infinity },
      compact: { flops: Infinity, bytes: 9.36e6 },
      conv_depthwise_patch: { flops: 5.64e9, bytes: 4.44e9 },
      conv_subgroup: { flops: 2.8e10, bytes: 2.27e9 },
      copy: { flops: Infinity, bytes: 1.28e9 },
      gather_taps: { flops: Infinity, bytes: 1.15e9 },
      matmul_subgroup: { flops: 8.1e10, bytes: 4.04e9 },
      matmul_subgroup_vec4: { flops: 2.42e10, bytes: 1.21e10 },
      max_pool: { flops: 2.02e9, bytes: 1.81e9 },
      max_pool_grad: { flops: Infinity, bytes: 1.05e9 },
      pointwise: { flops: Infinity, bytes: 4.52e8 },
      pointwise_vec4: { flops: 3.21e9, bytes: 5.69e9 },
      reduce: { flops: 8.56e8, bytes: Infinity },
      reduce_rows: { flops: Infinity, bytes: 4.56e9 },
      top_k: { flops: 2.57e8, bytes: 1.08e9 },
    },
    dense: { flops: 2.69e10, bytes: 2.9e9 },
    other: { flops: 1.4e10, bytes: 4.01e9 },
  },
};
