// GPUs that speed is estimated for: peaks from their vendors' data, and the same assumptions for all.
import { isDense, type Machine } from './estimate.ts';

export interface Gpu {
  readonly name: string;
  /** Peak of float32 arithmetic outside matrix units, in TFLOP/s. */
  readonly tflops: number;
  /** Peak memory bandwidth, in GB/s. */
  readonly bandwidth: number;
  /** Microseconds for encoding and launching a dispatch. */
  readonly dispatchMicros: number;
}

// Arithmetic and bandwidth, as vendors give them; each was compared with a second, public page:
// - H100 SXM: NVIDIA H100 Tensor Core GPU data sheet: 67 TFLOPS FP32, 3.35 TB/s
//   (archive-lib.hpctech.co.jp/gpuproduct/nvidia-h100.html).
// - RTX 4090: NVIDIA Ada GPU architecture white paper: 82.6 TFLOPS FP32, 1008 GB/s: 16,384 lanes at 2.52 GHz
//   (topcpu.net, GeForce RTX 4090).
// - RTX 3060 12 GB: NVIDIA product page: 3584 lanes at 1.777 GHz, 192 bits of GDDR6 at 15 Gbit/s: 12.74 TFLOPS
//   and 360 GB/s (topcpu.net, GeForce RTX 3060).
// - M3 Max, 40 GPU cores: Apple technical specifications: 400 GB/s. Apple gives no FLOPS: 5120 lanes at 1.398 GHz
//   make 14.3 (hmc-tech.com, 40-core M3 Max); radargit.com has 1.6 GHz and 16.4, the lower is taken.
// - Arc B580: Intel product page: 20 Xe cores (2560 lanes) at 2.67 GHz: 13.67 TFLOPS, 456 GB/s
//   (fpsbench.com, Intel Arc B580).
// Dispatches: the API's cost of one in a sequence is 24 to 36 µs on Vulkan and 32 to 71 µs on Metal
// (arXiv 2604.02344, table of dispatch costs).
const VULKAN_DISPATCH = 24;
const METAL_DISPATCH = 32;
export const GPUS: readonly Gpu[] = [
  { name: 'H100', tflops: 67, bandwidth: 3350, dispatchMicros: VULKAN_DISPATCH },
  { name: 'RTX 4090', tflops: 82.6, bandwidth: 1008, dispatchMicros: VULKAN_DISPATCH },
  { name: 'RTX 3060', tflops: 12.7, bandwidth: 360, dispatchMicros: VULKAN_DISPATCH },
  { name: 'M3 Max', tflops: 14.3, bandwidth: 400, dispatchMicros: METAL_DISPATCH },
  { name: 'Arc B580', tflops: 13.7, bandwidth: 456, dispatchMicros: VULKAN_DISPATCH },
];

/** Shares of the peaks that kernels are taken to reach. WGSL products reach 25 to 70 % of FP32 peak in public. */
export const EFFICIENCY = { compute: 0.35, bandwidth: 0.7 } as const;

/** Products and convolutions at a share of peak arithmetic, everything at a share of bandwidth. */
export function gpuMachine({ tflops, bandwidth, dispatchMicros }: Gpu): Machine {
  const bytes = bandwidth * 1e9 * EFFICIENCY.bandwidth;
  const flops = tflops * 1e12 * EFFICIENCY.compute;
  return {
    dispatch: dispatchMicros * 1e-6,
    sequence: 1,
    overlaps: true,
    rateOf: (call) => ({ flops: isDense(call) ? flops : Infinity, bytes }),
  };
}
