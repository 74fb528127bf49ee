// Matrix products and convolutions. A convolution's gradient by its input is ONNX's ConvTranspose; its
// gradient by its weights is a convolution again, with images in the place of channels.
import type { Dim, Shape } from '../../core/shape.ts';
import type { ExportContext, Named } from './export-context.ts';
import type { ExportFamily, ExportRule } from './export-rule.ts';
import { padWindow, transposedConv } from './windows.ts';

export const planeOf = ({ type }: Named): number[] =>
  type.shape.slice(2).map((dim) => dim as number);

const matmul: ExportRule<'matmul'> = (
  { inputs: { a, b }, attrs: { transposeA, transposeB } },
  at,
) => {
  const isPlain = a.type.shape.length === 2 && b.type.shape.length === 2;
  if (isPlain && (transposeA || transposeB)) {
    return at.op('Gemm', [a.name, b.name], { transA: +transposeA, transB: +transposeB });
  }
  const left = transposeA ? transposed(a, at) : a.name;
  const right = transposeB ? transposed(b, at) : b.name;
  return at.op('MatMul', [left, right]);
};

function transposed({ name, type }: Named, at: ExportContext): string {
  const axes = [...type.shape.keys()];
  return at.op('Transpose', [name], { perm: [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!] });
}

const conv: ExportRule<'conv'> = ({ inputs: { x, w, bias }, attrs }, at) => {
  const { kernel, strides, dilations, groups } = attrs;
  const padded = padWindow(at, x.name, attrs, planeOf(x));
  const operands = [padded.x, w.name, ...(bias === undefined ? [] : [bias.name])];
  return at.op('Conv', operands, {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: padded.pads,
    group: groups,
  });
};

const convInputGrad: ExportRule<'conv_input_grad'> = ({ inputs: { dy, w }, attrs }, at) =>
  transposedConv(at, dy.name, w.name, attrs, attrs.groups, attrs.inputSize);

/**
 * dw[o, i, k] = Σ_n Σ_p x[n, i, p·stride + k·dilation] · dy[n, o, p]: x with images as channels, walked
 * by dy as weights, strides and dilations exchanged.
 */
const convWeightGrad: ExportRule<'conv_weight_grad'> = ({ inputs: { x, dy }, attrs }, at) => {
  const { groups, kernel, strides, dilations, outputSize } = attrs;
  const [channels, size] = [attrs.weightShape[1]!, planeOf(x)];
  const spatial = size.map((_, axis) => axis + 3);
  const split = at.reshape(x.name, [x.type.shape[0]!, groups, channels, ...size]);
  const turned = at.op('Transpose', [split], { perm: [2, 1, 0, ...spatial] });
  const images = at.reshape(turned, [channels, timesGroups(x.type.shape, groups), ...size]);
  const filters = at.op('Transpose', [dy.name], {
    perm: [1, 0, ...size.map((_, axis) => axis + 2)],
  });
  const walk = {
    kernel: outputSize,
    strides: dilations,
    dilations: strides,
    padsBegin: attrs.padsBegin,
    outputSize: kernel,
  };
  const padded = padWindow(at, images, walk, size);
  const found = at.op('Conv', [padded.x, filters], {
    strides: walk.strides,
    dilations: walk.dilations,
    pads: padded.pads,
    group: groups,
  });
  return at.op('Transpose', [found], { perm: [1, 0, ...size.map((_, axis) => axis + 2)] });
};

function timesGroups([batch]: Shape, groups: number): Dim {
  return typeof batch === 'number'
    ? batch * groups
    : { symbol: batch!.symbol, times: batch!.times * groups };
}

export const linearRules: ExportFamily<'matmul' | 'conv' | 'conv_input_grad' | 'conv_weight_grad'> =
  {
    matmul,
    conv,
    conv_input_grad: convInputGrad,
    conv_weight_grad: convWeightGrad,
  };
