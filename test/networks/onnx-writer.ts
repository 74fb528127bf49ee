// Writes networks node by node, as exporters do: weights are initialisers, sizes that depend on the
// batch are computed from shapes. Weights are random, the same for the same seed.
import { elementCount, type StaticShape } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import {
  int64Tensor,
  ModelWriter,
  type Attributes,
  type PortDim,
} from '../../src-ts/onnx/export/model-writer.ts';
import { seededRandom } from '../reference/random.ts';

/** A dimension of a target shape; an open batch is read from the shape of a value at run time. */
export type TargetDim = number | 'batch';

export interface WriterOptions {
  readonly opset?: number;
  readonly seed?: number;
  /** The batch of the export: open unless a number is given, which then stands in every shape. */
  readonly batch?: number | 'batch';
}

export class OnnxWriter {
  readonly #writer: ModelWriter;
  readonly #random: () => number;
  readonly #ints = new Map<string, string>();

  readonly batch: number | 'batch';

  constructor({ opset = 13, seed = 1, batch = 'batch' }: WriterOptions = {}) {
    this.batch = batch;
    this.#writer = new ModelWriter({ producer: 'pytorch', opset, irVersion: 8 });
    this.#random = seededRandom(seed);
  }

  input(name: string, dims: readonly PortDim[]): string {
    this.#writer.input(this.#writer.uniqueName(name), 'float32', dims);
    return name;
  }

  /** Ends the file: the value becomes its one output. */
  finish(value: string, name: string, dims: readonly PortDim[]): Uint8Array {
    this.#writer.node('Identity', [value], [name]);
    this.#writer.output(name, 'float32', dims);
    return this.#writer.finish();
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(operator, inputs, 1, attributes)[0]!;
  }

  ops(
    operator: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
  ): string[] {
    const outputs = Array.from({ length: count }, () =>
      this.#writer.uniqueName(`/${operator}_output`),
    );
    this.#writer.node(operator, inputs, outputs, attributes, `/${operator}`);
    return outputs;
  }

  store(tensor: Tensor, name = 'weight'): string {
    const stored = this.#writer.uniqueName(name);
    this.#writer.initializer(stored, tensor);
    return stored;
  }

  /** Uniform numbers around `centre`, with the given standard deviation. */
  random(shape: StaticShape, deviation: number, centre = 0): string {
    const data = new Float32Array(elementCount(shape));
    const reach = 2 * Math.sqrt(3) * deviation;
    for (let i = 0; i < data.length; i++) data[i] = (this.#random() - 0.5) * reach + centre;
    return this.store(floatTensor(shape, data));
  }

  number(value: number): string {
    return this.store(floatTensor([], [value]), 'number');
  }

  ints(...values: readonly number[]): string {
    const key = values.join();
    const name = this.#ints.get(key) ?? this.store(int64Tensor(values), 'sizes');
    this.#ints.set(key, name);
    return name;
  }

  int(value: number): string {
    const key = `scalar ${value}`;
    const name = this.#ints.get(key) ?? this.store(int64Tensor([value], []), 'size');
    this.#ints.set(key, name);
    return name;
  }

  /** The first dimension of a value, as tracing writes `x.shape[0]`: a vector of one. */
  batchOf(x: string): string {
    const first = this.op('Gather', [this.op('Shape', [x]), this.int(0)], { axis: 0 });
    return this.op('Unsqueeze', [first, this.ints(0)]);
  }

  /** A shape whose batch is that of `of`. */
  target(of: string, sizes: readonly TargetDim[]): string {
    const dims = sizes.map((dim) => (dim === 'batch' ? this.batch : dim));
    const known = dims.filter((dim) => typeof dim === 'number');
    if (known.length === dims.length) return this.ints(...known);
    const parts = dims.map((dim) => (dim === 'batch' ? this.batchOf(of) : this.ints(dim)));
    return this.op('Concat', parts, { axis: 0 });
  }

  /** `x.reshape(x.shape[0], …)` where an open batch occurs, else a constant target. */
  reshape(x: string, dims: readonly TargetDim[]): string {
    return this.op('Reshape', [x, this.target(x, dims)]);
  }

  transpose(x: string, ...perm: readonly number[]): string {
    return this.op('Transpose', [x], { perm });
  }
}
