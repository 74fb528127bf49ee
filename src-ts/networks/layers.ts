// Networks written layer by layer, for one image shape and any batch. Weights are drawn by a seed: uniform
// with the variance 2 / inputs before a ReLU (He et al., "Delving deep into rectifiers", ICCV 2015), else
// 2 / (inputs + outputs) (Glorot and Bengio, AISTATS 2010); biases begin at 0.
import { randomWord, uniformAt } from '../core/random.ts';
import { batchDim, elementCount } from '../core/shape.ts';
import { floatTensor } from '../core/tensor.ts';
import type { Graph } from '../graph/graph.ts';
import type { AvgPoolGeometry, ValueId, WindowGeometry } from '../graph/op-set.ts';
import { GraphBuilder } from '../ops/builder.ts';

export type ImageShape = readonly [channels: number, height: number, width: number];

export interface WindowOptions {
  readonly stride?: number;
  /** Zeros around the image, on every side. */
  readonly pad?: number;
}

export interface ConvOptions extends WindowOptions {
  readonly groups?: number;
  readonly relu?: boolean;
}

export interface PoolOptions extends WindowOptions {
  /** Whether a window that hangs over the edge counts. Default true, as in Caffe and MatConvNet's examples. */
  readonly ceil?: boolean;
}

/** Builds a network in the order of its calls; each layer reads the one before. */
export class Layers {
  readonly #b = new GraphBuilder();
  readonly #seed: number;
  #weights = 0;
  #x: ValueId;

  constructor(image: ImageShape, seed: number) {
    this.#seed = seed;
    this.#x = this.#b.input('image', { dtype: 'float32', shape: [batchDim('N'), ...image] });
  }

  /** (x − mean) / std for each channel. */
  normalize(mean: readonly number[], std: readonly number[]): this {
    const perChannel = (values: readonly number[]): ValueId =>
      this.#b.constant(floatTensor([values.length, 1, 1], values));
    const centred = this.#b.emit('sub', { a: this.#x, b: perChannel(mean) }, {}, 'mean');
    this.#x = this.#b.emit('div', { a: centred, b: perChannel(std) }, {}, 'std');
    return this;
  }

  conv(name: string, channels: number, side: number, options: ConvOptions = {}): this {
    const { stride = 1, pad = 0, groups = 1, relu = true } = options;
    const [read, ...size] = this.#size();
    const outputSize = size.map((length) => Math.floor((length + 2 * pad - side) / stride) + 1);
    const shape = [channels, read! / groups, side, side];
    const w = this.#weight(
      shape,
      elementCount(shape.slice(1)),
      (channels / groups) * side * side,
      relu,
    );
    const bias = this.#bias([channels]);
    const geometry = { ...square(side, stride, pad), outputSize, groups };
    this.#x = this.#b.emit('conv', { x: this.#x, w, bias }, geometry, name);
    return relu ? this.relu() : this;
  }

  /** A matrix product over all numbers of an image. */
  dense(name: string, outputs: number, relu = true): this {
    const inputs = elementCount(this.#size());
    const rows = this.#b.emit('reshape', { x: this.#x }, { shape: [batchDim('N'), inputs] });
    const b = this.#weight([inputs, outputs], inputs, outputs, relu);
    const attrs = { transposeA: false, transposeB: false };
    const product = this.#b.emit('matmul', { a: rows, b }, attrs, name);
    this.#x = this.#b.emit('add', { a: product, b: this.#bias([outputs]) }, {}, name);
    return relu ? this.relu() : this;
  }

  relu(): this {
    this.#x = this.#b.emit('relu', { x: this.#x }, {});
    return this;
  }

  maxPool(side: number, options: PoolOptions = {}): this {
    this.#x = this.#b.emit('max_pool', { x: this.#x }, this.#window(side, options));
    return this;
  }

  avgPool(side: number, options: PoolOptions = {}): this {
    const window = this.#window(side, options);
    const geometry: AvgPoolGeometry = { ...window, divisor: 'valid', padsEnd: window.padsBegin };
    this.#x = this.#b.emit('avg_pool', { x: this.#x }, geometry);
    return this;
  }

  /** The mean over each channel's plane. */
  globalAvgPool(): this {
    return this.avgPool(this.#size()[1]!);
  }

  dropout(ratio: number): this {
    this.#x = this.#b.emit('dropout', { x: this.#x }, { ratio });
    return this;
  }

  /** Local response normalisation over 5 channels (Krizhevsky et al., 2012): α = 1e-4, β = 0.75. */
  localResponse(): this {
    const b = this.#b;
    const squares = b.emit('mul', { a: this.#x, b: this.#x }, {});
    const around = b.emit('window_sum', { x: squares }, { axis: 1, before: 2, after: 2 });
    const scaled = b.emit('mul', { a: around, b: b.scalar(1e-4 / 5) }, {});
    const base = b.emit('add', { a: scaled, b: b.scalar(1) }, {});
    const factor = b.emit('power', { x: base }, { exponent: -0.75 });
    this.#x = b.emit('mul', { a: this.#x, b: factor }, {});
    return this;
  }

  /** Several paths from here, their channels joined. */
  branches(...paths: readonly ((path: this) => unknown)[]): this {
    const from = this.#x;
    const ends = paths.map((path, k): [string, ValueId] => {
      this.#x = from;
      path(this);
      return [`x${k}`, this.#x];
    });
    this.#x = this.#b.emit('concat', Object.fromEntries(ends), { axis: 1 });
    return this;
  }

  /** The network so far as a classifier: its values are the logits. */
  finish(): Graph {
    const shape = [batchDim('N'), elementCount(this.#size())];
    this.#b.output('logits', this.#b.emit('reshape', { x: this.#x }, { shape }));
    return this.#b.finish();
  }

  /** Dimensions of one image's values here. */
  #size(): number[] {
    return this.#b.typeOf(this.#x).shape.slice(1) as number[];
  }

  #window(side: number, { stride = 1, pad = 0, ceil = true }: PoolOptions): WindowGeometry {
    const outputSize = this.#size()
      .slice(1)
      .map((length) => {
        const steps = (length + 2 * pad - side) / stride;
        if (!ceil) return Math.floor(steps) + 1;
        const count = Math.ceil(steps) + 1;
        // A window must begin inside the image or its padding before.
        return (count - 1) * stride >= length + pad ? count - 1 : count;
      });
    return { ...square(side, stride, pad), outputSize };
  }

  #weight(shape: readonly number[], inputs: number, outputs: number, relu: boolean): ValueId {
    const variance = relu ? 2 / inputs : 2 / (inputs + outputs);
    const bound = Math.sqrt(3 * variance);
    const key = [randomWord([this.#seed, WEIGHTS], this.#weights++), 0] as const;
    const values = new Float32Array(elementCount(shape));
    for (let i = 0; i < values.length; i++) values[i] = bound * (2 * uniformAt(key, i) - 1);
    return this.#b.constant(floatTensor(shape, values));
  }

  #bias(shape: readonly number[]): ValueId {
    return this.#b.constant(floatTensor(shape, new Float32Array(elementCount(shape))));
  }
}

const WEIGHTS = 3; // second word of the key of the weights; training has 1 and 2

function square(side: number, stride: number, pad: number) {
  const both = (value: number): number[] => [value, value];
  return { kernel: both(side), strides: both(stride), dilations: both(1), padsBegin: both(pad) };
}
