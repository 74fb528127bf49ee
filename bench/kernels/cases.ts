// The kernels that are compared: operands, work, and the plain loop each element is checked against.
// Images are [N, C, H, W], weights [out, in, height, width], padding keeps the size.
import { elementCount } from '../../src-ts/core/shape.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { randomTensor } from '../../test/reference/random.ts';

export interface MatmulCase {
  readonly op: 'matmul';
  readonly name: string;
  /** [rows, depth] */
  readonly a: Tensor;
  /** [depth, columns]; constant: the weights of a layer */
  readonly b: Tensor;
}

export interface ConvCase {
  readonly op: 'conv';
  readonly name: string;
  readonly x: Tensor;
  readonly w: Tensor;
}

export type KernelCase = MatmulCase | ConvCase;

export const KERNEL_CASES: readonly KernelCase[] = [
  {
    op: 'matmul',
    name: 'GEMM 512 × 512 × 512',
    a: randomTensor([512, 512], 1),
    b: randomTensor([512, 512], 2),
  },
  {
    op: 'conv',
    name: 'conv 3 × 3, 64 → 64, 32 × 32, batch 8',
    x: randomTensor([8, 64, 32, 32], 3),
    w: randomTensor([64, 64, 3, 3], 4),
  },
];

export function outputShape(each: KernelCase): number[] {
  if (each.op === 'matmul') return [each.a.shape[0]!, each.b.shape[1]!];
  const [batch, , height, width] = each.x.shape;
  return [batch!, each.w.shape[0]!, height!, width!];
}

/** Multiplications and additions, those with padding included. */
export function flopsOf(each: KernelCase): number {
  const terms = each.op === 'matmul' ? each.a.shape[1]! : elementCount(each.w.shape.slice(1));
  return 2 * terms * elementCount(outputShape(each));
}

/** Element `index` of the result, in float64. */
export function elementOf(each: KernelCase, index: number): number {
  return each.op === 'matmul' ? productElement(each, index) : convElement(each, index);
}

function productElement({ a, b }: MatmulCase, index: number): number {
  const [depth, columns] = [a.shape[1]!, b.shape[1]!];
  const [row, column] = [Math.floor(index / columns), index % columns];
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += a.data[row * depth + k]! * b.data[k * columns + column]!;
  return sum;
}

function convElement({ x, w }: ConvCase, index: number): number {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const [filters, , kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  const [column, row] = [index % width, Math.floor(index / width) % height];
  const plane = Math.floor(index / (width * height));
  const [filter, image] = [plane % filters, Math.floor(plane / filters)];
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const y = row + ky - (kernelHeight - 1) / 2;
        const across = column + kx - (kernelWidth - 1) / 2;
        if (y < 0 || y >= height || across < 0 || across >= width) continue;
        const pixel = x.data[((image * channels + c) * height + y) * width + across]!;
        sum += pixel * w.data[((filter * channels + c) * kernelHeight + ky) * kernelWidth + kx]!;
      }
    }
  }
  return sum;
}
