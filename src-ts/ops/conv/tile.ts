// What every kind of tile of a convolution's pass tells of itself.
import type { callKernel, KernelCall } from '../../kernels/kernel.ts';
import type { convTiled } from './kernels.ts';

/** Output channels and pixels of one workgroup, and the constants that make a kernel do so. */
export interface PassTile {
  readonly name: string;
  readonly channels: number;
  /** Pixels of one phase of an image, or strips of them. */
  readonly items: number;
  /** How many of those a workgroup takes. */
  readonly perGroup: number;
  readonly call: (options: TileOptions) => KernelCall;
}

/** Output channels of a tile, and pixels of each of its lanes. */
export interface TileSize {
  readonly channels: number;
  readonly pixels: number;
}

type TileOptions = Omit<Parameters<typeof callKernel<typeof convTiled>>[1], 'constants'>;
