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

/** Stride 1, and padding that keeps the size. */
export interface ConvCase {
  readonly op: 'conv' | 'conv_input_grad';
  readonly name: string;
  /** Images, or for the gradient the cotangent of the output. */
  readonly x: Tensor;
  /** [out, in / groups, height, width]; constant */
  readonly w: Tensor;
  /** 1, or one a channel: depthwise. */
  readonly groups: number;
}

export type KernelCase = MatmulCase | ConvCase;

const IMAGES = [8, 64, 32, 32];

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
    x: randomTensor(IMAGES, 3),
    w: randomTensor([64, 64, 3, 3], 4),
    groups: 1,
  },
  {
    op: 'conv_input_grad',
    name: 'its gradient to the input',
    x: randomTensor(IMAGES, 3),
    w: randomTensor([64, 64, 3, 3], 4),
    groups: 1,
  },
  {
    op: 'conv',
    name: 'conv 1 × 1, 64 → 64, 32 × 32, batch 8',
    x: randomTensor(IMAGES, 5),
    w: randomTensor([64, 64, 1, 1], 6),
    groups: 1,
  },
  {
    op: 'conv',
    name: 'conv 3 × 3 depthwise, 64 channels, 32 × 32, batch 8',
    x: randomTensor(IMAGES, 7),
    w: randomTensor([64, 1, 3, 3], 8),
    groups: 64,
  },
];

/** Whether Winograd's convolution can make it. */
export const suitsWinograd = (each: KernelCase): boolean =>
  each.op !== 'matmul' && each.groups === 1 && each.w.shape[2] === 3;

export function outputShape(each: KernelCase): number[] {
  if (each.op === 'matmul') return [each.a.shape[0]!, each.b.shape[1]!];
  const [batch, , height, width] = each.x.shape;
  const [out, read] = each.w.shape;
  const channels = each.op === 'conv' ? out! : read! * each.groups;
  return [batch!, channels, height!, width!];
}

/** Multiplications and additions, those with padding included. */
export function flopsOf(each: KernelCase): number {
  if (each.op === 'matmul') return 2 * each.a.shape[1]! * elementCount(outputShape(each));
  const [batch, , height, width] = each.x.shape;
  return 2 * elementCount(each.w.shape) * batch! * height! * width!;
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

/** The gradient reads the same pixels, around the same one, with filters transposed and mirrored. */
function convElement(each: ConvCase, index: number): number {
  const { op, x, w, groups } = each;
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const [, perGroup, rows, columns] = w.shape as [number, number, number, number];
  const written = outputShape(each)[1]!;
  const [column, row] = [index % width, Math.floor(index / width) % height];
  const plane = Math.floor(index / (width * height));
  const [to, image] = [plane % written, Math.floor(plane / written)];
  const [readPerGroup, group] = [channels / groups, Math.floor((to * groups) / written)];
  let sum = 0;
  for (let c = 0; c < readPerGroup; c++) {
    const from = group * readPerGroup + c;
    const filter = op === 'conv' ? to * perGroup + c : from * perGroup + (to % perGroup);
    for (let tap = 0; tap < rows * columns; tap++) {
      const [ky, kx] = [Math.floor(tap / columns), tap % columns];
      const y = row + ky - (rows - 1) / 2;
      const across = column + kx - (columns - 1) / 2;
      if (y < 0 || y >= height || across < 0 || across >= width) continue;
      const pixel = x.data[((image * channels + from) * height + y) * width + across]!;
      const at = op === 'conv' ? tap : rows * columns - 1 - tap;
      sum += pixel * w.data[filter * rows * columns + at]!;
    }
  }
  return sum;
}
