// Writes an ONNX file: nodes, stored tensors and ports collected in order, then encoded by protobuf.
// It knows ONNX's records and nothing of graphs or ops.
import onnxProto from 'onnx-proto';
import type { Dtype } from '../../core/shape.ts';
import type { StaticShape } from '../../core/shape.ts';
import type { Tensor } from '../../core/tensor.ts';

const { ModelProto, AttributeProto } = onnxProto.onnx;
const TYPE = AttributeProto.AttributeType;

/** ONNX's numbers for the dtypes of the engine. */
export const ELEMENT_TYPES: Readonly<Record<Dtype, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** A whole number, a text, whole numbers, or real numbers marked as such. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A size, the name of an open one, or null where it is not said. */
export type PortDim = number | string | null;

export interface ModelWriterOptions {
  readonly producer: string;
  readonly opset: number;
  readonly irVersion: number;
  readonly graphName?: string;
}

export class ModelWriter {
  readonly #options: ModelWriterOptions;
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];
  readonly #taken = new Set<string>();
  readonly #nodeNames = new Set<string>();

  constructor(options: ModelWriterOptions) {
    this.#options = options;
  }

  /** `wish`, or `wish` with a number, so that no two values share a name. */
  uniqueName(wish: string): string {
    return addUnique(wish, this.#taken);
  }

  input(name: string, dtype: Dtype, dims: readonly PortDim[]): void {
    this.#inputs.push(portOf(name, dtype, dims));
  }

  output(name: string, dtype: Dtype, dims: readonly PortDim[]): void {
    this.#outputs.push(portOf(name, dtype, dims));
  }

  /** Stores a tensor under `name`. */
  initializer(name: string, { dtype, shape, data }: Tensor): void {
    this.#initializers.push({
      name,
      dims: [...shape],
      dataType: ELEMENT_TYPES[dtype],
      rawData: rawBytes(dtype, data),
    });
  }

  /** Appends a node; '' stands for an absent input. */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes = {},
    label = '',
  ): void {
    this.#nodes.push({
      opType: operator,
      name: label === '' ? '' : addUnique(label, this.#nodeNames),
      input: [...inputs],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([name, value]) => ({
        name,
        ...attributeOf(value),
      })),
    });
  }

  /** The bytes of the file. */
  finish(): Uint8Array {
    const { producer, opset, irVersion, graphName = 'graph' } = this.#options;
    const model = {
      irVersion,
      producerName: producer,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: graphName,
        node: this.#nodes,
        input: this.#inputs,
        output: this.#outputs,
        initializer: this.#initializers,
      },
    };
    return ModelProto.encode(model).finish();
  }
}

function addUnique(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let k = 1; taken.has(name); k++) name = `${wish}_${k}`;
  taken.add(name);
  return name;
}

function portOf(name: string, dtype: Dtype, dims: readonly PortDim[]): object {
  const dim = dims.map((each) => {
    if (each === null) return {};
    return typeof each === 'string' ? { dimParam: each } : { dimValue: each };
  });
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[dtype], shape: { dim } } } };
}

function attributeOf(value: AttributeValue): object {
  if (typeof value === 'number') return { type: TYPE.INT, i: value };
  if (typeof value === 'string') return { type: TYPE.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { type: TYPE.FLOAT, f: value.float };
  if ('floats' in value) return { type: TYPE.FLOATS, floats: [...value.floats] };
  return { type: TYPE.INTS, ints: [...value] };
}

/** Little-endian storage, as `raw_data` wants it. */
function rawBytes(dtype: Dtype, data: ArrayLike<number>): Uint8Array {
  switch (dtype) {
    case 'float32':
      return bytesOf(data instanceof Float32Array ? data : Float32Array.from(data));
    case 'int32':
      return bytesOf(data instanceof Int32Array ? data : Int32Array.from(data));
    case 'int64':
      return bytesOf(BigInt64Array.from(Array.from(data, (value) => BigInt(value))));
    case 'bool':
      return Uint8Array.from(data, (value) => (value === 0 ? 0 : 1));
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A whole-number tensor of one dimension, or of none. */
export function int64Tensor(
  values: readonly number[],
  shape: StaticShape = [values.length],
): Tensor {
  return { dtype: 'int64', shape, data: Float64Array.from(values) };
}
