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

/** With padding that keeps the size of the image, or divides it by the stride. */
export interface ConvCase {
  readonly op: 'conv' | 'conv_input_grad';
  readonly name: string;
  /** Images, or for the gradient the cotangent of the output. */
  readonly x: Tensor;
  /** [out, in / groups, height, width]; constant */
  readonly w: Tensor;
  /** 1, or one a channel: depthwise. */
  readonly groups: number;
  readonly stride: number;
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
    ...{ groups: 1, stride: 1 },
  },
  {
    op: 'conv_input_grad',
    name: 'its gradient to the input',
    x: randomTensor(IMAGES, 3),
    w: randomTensor([64, 64, 3, 3], 4),
    ...{ groups: 1, stride: 1 },
  },
  {
    op: 'conv',
    name: 'conv 1 × 1, 64 → 64, 32 × 32, batch 8',
    x: randomTensor(IMAGES, 5),
    w: randomTensor([64, 64, 1, 1], 6),
    ...{ groups: 1, stride: 1 },
  },
  {
    op: 'conv',
    name: 'conv 3 × 3 depthwise, 64 channels, 32 × 32, batch 8',
    x: randomTensor(IMAGES, 7),
    w: randomTensor([64, 1, 3, 3], 8),
    ...{ groups: 64, stride: 1 },
  },
  {
    op: 'conv_input_grad',
    name: 'gradient to 3 channels, 3 × 3, from 64, 32 × 32, batch 8',
    x: randomTensor(IMAGES, 9),
    w: randomTensor([64, 3, 3, 3], 10),
    ...{ groups: 1, stride: 1 },
  },
  {
    op: 'conv_input_grad',
    name: 'gradient of conv 3 × 3, stride 2, 64 → 128, 32 × 32, batch 8',
    x: randomTensor([8, 128, 16, 16], 11),
    w: randomTensor([128, 64, 3, 3], 12),
    ...{ groups: 1, stride: 2 },
  },
];

/** Whether Winograd's convolution can make it. */
export const suitsWinograd = (each: KernelCase): boolean =>
  each.op !== 'matmul' &&
  each.groups * each.stride === 1 &&
  each.w.shape[2] === 3 &&
  each.w.shape[1]! >= 32;

export function outputShape(each: KernelCase): number[] {
  if (each.op === 'matmul') return [each.a.shape[0]!, each.b.shape[1]!];
  const [batch, , height, width] = each.x.shape;
  const [out, read] = each.w.shape;
  const { stride } = each;
  return each.op === 'conv'
    ? [batch!, out!, height! / stride, width! / stride]
    : [batch!, read! * each.groups, stride * height!, stride * width!];
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

/** The gradient reads the outputs that its pixel took part in, through the same taps. */
function convElement(each: ConvCase, index: number): number {
  const { op, x, w, groups, stride } = each;
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const [, perGroup, rows, columns] = w.shape as [number, number, number, number];
  const [, written, outHeight, outWidth] = outputShape(each) as [number, number, number, number];
  const [column, row] = [index % outWidth, Math.floor(index / outWidth) % outHeight];
  const plane = Math.floor(index / (outWidth * outHeight));
  const [to, image] = [plane % written, Math.floor(plane / written)];
  const [readPerGroup, group] = [channels / groups, Math.floor((to * groups) / written)];
  const source = (at: number, tap: number, taps: number): number => {
    const shift = tap - (taps - 1) / 2;
    return op === 'conv' ? at * stride + shift : (at - shift) / stride;
  };
  let sum = 0;
  for (let c = 0; c < readPerGroup; c++) {
    const from = group * readPerGroup + c;
    const filter = op === 'conv' ? to * perGroup + c : from * perGroup + (to % perGroup);
    for (let tap = 0; tap < rows * columns; tap++) {
      const y = source(row, Math.floor(tap / columns), rows);
      const across = source(column, tap % columns, columns);
      if (!Number.isInteger(y) || !Number.isInteger(across)) continue;
      if (y < 0 || y >= height || across < 0 || across >= width) continue;
      const pixel = x.data[((image * channels + from) * height + y) * width + across]!;
      sum += pixel * w.data[filter * rows * columns + tap]!;
    }
  }
  return sum;
}
