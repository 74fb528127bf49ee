// Layers that image networks are made of, in the ONNX operators PyTorch's exporter gives them. Weights
// keep the spread of the values (He et al. 2015), so that logits stay finite and differ.
import type { Attributes } from '../../src-ts/onnx/export/model-writer.ts';
import { OnnxWriter, type WriterOptions } from './onnx-writer.ts';

export interface Scale {
  /** Height and width of the images. */
  readonly size: number;
  /** Factor of all channel counts. */
  readonly width: number;
  /** The most blocks a stage may have. */
  readonly depth: number;
  readonly classes: number;
}

/** Channels of images. */
export interface Planes {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export type Activation = 'none' | 'relu' | 'relu6' | 'hardswish' | 'silu';

export interface ConvOptions {
  readonly stride?: number;
  /** Half the kernel by default, so that only strides make planes smaller. */
  readonly pad?: number | readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly act?: Activation;
  /** Factor of the weights' variance. */
  readonly gain?: number;
}

export type Kernel = number | readonly [number, number];

/** By what the weights before an activation make up for what it takes away. */
const GAINS: Readonly<Record<Activation, number>> = {
  none: 1,
  relu: 2,
  relu6: 2,
  hardswish: 2.2,
  silu: 2.6,
};

export interface NetOptions extends WriterOptions {
  /** Whether batch normalisations stay nodes, or are weights already, as in a constant-folded export. */
  readonly batchNorm?: 'node' | 'folded';
}

export class Net extends OnnxWriter {
  readonly scale: Scale;
  readonly batchNorm: 'node' | 'folded';

  constructor(scale: Scale, { batchNorm = 'folded', ...options }: NetOptions = {}) {
    super(options);
    this.scale = scale;
    this.batchNorm = batchNorm;
  }

  /** A channel count of the full network at this scale. */
  channels(full: number, multipleOf = 8): number {
    if (this.scale.width === 1) return full;
    return Math.max(multipleOf, Math.round((full * this.scale.width) / multipleOf) * multipleOf);
  }

  depth(full: number): number {
    return Math.min(full, this.scale.depth);
  }

  image(): Planes {
    const { size } = this.scale;
    const name = this.input('input', [this.batch, 3, size, size]);
    return { name, channels: 3, height: size, width: size };
  }

  conv(x: Planes, channels: number, kernel: Kernel, options: ConvOptions = {}): Planes {
    const [kh, kw] = pair(kernel);
    const { stride = 1, groups = 1, bias = true, act = 'none', gain = GAINS[act] } = options;
    const [ph, pw] = pair(options.pad ?? [kh >> 1, kw >> 1]);
    const fan = (x.channels / groups) * kh * kw;
    const weight = this.random([channels, x.channels / groups, kh, kw], Math.sqrt(gain / fan));
    const inputs = [x.name, weight, ...(bias ? [this.random([channels], 0.05)] : [])];
    const name = this.op('Conv', inputs, {
      dilations: [1, 1],
      group: groups,
      kernel_shape: [kh, kw],
      pads: [ph, pw, ph, pw],
      strides: [stride, stride],
    });
    const height = Math.floor((x.height + 2 * ph - kh) / stride) + 1;
    const width = Math.floor((x.width + 2 * pw - kw) / stride) + 1;
    return this.act({ name, channels, height, width }, act);
  }

  /** Convolution, batch normalisation, activation. */
  convBn(x: Planes, channels: number, kernel: Kernel, options: ConvOptions = {}): Planes {
    if (this.batchNorm === 'folded') return this.conv(x, channels, kernel, options);
    const { act = 'none', gain = GAINS[act], ...rest } = options;
    const plain = this.conv(x, channels, kernel, { ...rest, bias: false, gain });
    return this.act(this.bn(plain), act);
  }

  bn(x: Planes): Planes {
    const each = [x.channels];
    const parameters = [
      this.random(each, 0.1, 1),
      this.random(each, 0.1),
      this.random(each, 0.1),
      this.random(each, 0.1, 1),
    ];
    const attributes = { epsilon: { float: 1e-5 }, momentum: { float: 0.9 } };
    return { ...x, name: this.op('BatchNormalization', [x.name, ...parameters], attributes) };
  }

  act(x: Planes, kind: Activation): Planes {
    return { ...x, name: this.activate(x.name, kind) };
  }

  activate(x: string, kind: Activation): string {
    switch (kind) {
      case 'none':
        return x;
      case 'relu':
        return this.op('Relu', [x]);
      case 'relu6':
        return this.op('Clip', [x, this.number(0), this.number(6)]);
      case 'hardswish':
        return this.op('HardSwish', [x]);
      case 'silu':
        return this.op('Mul', [x, this.op('Sigmoid', [x])]);
    }
  }

  maxPool(x: Planes, kernel: number, stride: number, { pad = 0, ceil = false } = {}): Planes {
    const attributes = { ...(ceil && { ceil_mode: 1 }), ...windowOf(kernel, stride, pad) };
    return this.#pooled(x, 'MaxPool', attributes, [kernel, stride, pad], ceil);
  }

  avgPool(x: Planes, kernel: number, stride: number, pad = 0): Planes {
    const attributes = { count_include_pad: 1, ...windowOf(kernel, stride, pad) };
    return this.#pooled(x, 'AveragePool', attributes, [kernel, stride, pad], false);
  }

  #pooled(
    x: Planes,
    operator: string,
    attributes: Attributes,
    [kernel, stride, pad]: readonly [number, number, number],
    ceil: boolean,
  ): Planes {
    const round = ceil ? Math.ceil : Math.floor;
    const after = (size: number): number => round((size + 2 * pad - kernel) / stride) + 1;
    const name = this.op(operator, [x.name], attributes);
    return { ...x, name, height: after(x.height), width: after(x.width) };
  }

  globalPool(x: Planes): Planes {
    return { ...x, name: this.op('GlobalAveragePool', [x.name]), height: 1, width: 1 };
  }

  add(a: Planes, b: Planes): Planes {
    return { ...a, name: this.op('Add', [a.name, b.name]) };
  }

  concat(parts: readonly Planes[]): Planes {
    const name = this.op(
      'Concat',
      parts.map((part) => part.name),
      { axis: 1 },
    );
    return { ...parts[0]!, name, channels: parts.reduce((sum, { channels }) => sum + channels, 0) };
  }

  /** Channels weighed by what the whole image says of them. */
  squeezeExcite(
    x: Planes,
    reduced: number,
    gate: 'sigmoid' | 'hardsigmoid',
    act: Activation,
  ): Planes {
    const squeezed = this.conv(this.globalPool(x), reduced, 1, { act });
    const { name } = this.conv(squeezed, x.channels, 1, { gain: 2 });
    const weights =
      gate === 'sigmoid'
        ? this.op('Sigmoid', [name])
        : this.op('HardSigmoid', [name], { alpha: { float: 1 / 6 } });
    return { ...x, name: this.op('Mul', [weights, x.name]) };
  }

  flatten(x: Planes): string {
    return this.op('Flatten', [x.name], { axis: 1 });
  }

  /** A fully connected layer on [N, from]. */
  gemm(x: string, from: number, to: number, act: Activation = 'none'): string {
    const inputs = [
      x,
      this.random([to, from], Math.sqrt(GAINS[act] / from)),
      this.random([to], 0.05),
    ];
    const attributes = { alpha: { float: 1 }, beta: { float: 1 }, transB: 1 };
    return this.activate(this.op('Gemm', inputs, attributes), act);
  }

  /** Mean of each channel, then scores. */
  head(x: Planes): string {
    return this.gemm(this.flatten(this.globalPool(x)), x.channels, this.scale.classes);
  }

  /** `x.mean([2, 3])`, then scores: as the mobile networks end. */
  meanHead(x: Planes): string {
    const mean = this.op('ReduceMean', [x.name], { axes: [2, 3], keepdims: 0 });
    return this.gemm(mean, x.channels, this.scale.classes);
  }
}

const pair = (value: Kernel): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

const windowOf = (kernel: number, stride: number, pad: number): Attributes => ({
  kernel_shape: [kernel, kernel],
  pads: [pad, pad, pad, pad],
  strides: [stride, stride],
});
