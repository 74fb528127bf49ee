// Tiny ONNX files for tests, written through onnx-proto's encoder.
import onnxProto from 'onnx-proto';

const { ModelProto, AttributeProto, TensorProto } = onnxProto.onnx;
const TYPE = AttributeProto.AttributeType;

export const FLOAT = 1;
export const UINT8 = 2;
export const INT32 = 6;
export const INT64 = 7;
export const BOOL = 9;
export const FLOAT16 = 10;
export const DOUBLE = 11;
export const BFLOAT16 = 16;

/** A stored tensor: float values, or the fields of a TensorProto. */
export interface Stored {
  readonly dims: readonly number[];
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly fields?: object;
}

type Attribute =
  | number
  | string
  | readonly number[]
  | Stored
  | { readonly float: number }
  | { readonly floatList: readonly number[] }
  | { readonly graph: FileSpec }
  /** In a function: the attribute of that name of the caller. */
  | { readonly ref: string };

export interface NodeSpec {
  readonly op: string;
  readonly in?: readonly string[];
  readonly out: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attrs?: Readonly<Record<string, Attribute>>;
}

/** `[type, dims]`; a dimension may be a name. */
export type PortSpec = readonly [number, readonly (number | string)[] | null];

export interface FileSpec {
  readonly inputs?: Readonly<Record<string, PortSpec>>;
  readonly outputs?: Readonly<Record<string, PortSpec>>;
  readonly constants?: Readonly<Record<string, Stored>>;
  readonly nodes: readonly NodeSpec[];
  readonly opset?: number;
  /** Operators of the domain "local" that the file defines. */
  readonly functions?: readonly FunctionSpec[];
}

export interface FunctionSpec {
  readonly name: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attributes?: readonly string[];
  readonly nodes: readonly NodeSpec[];
}

export const floats = (dims: readonly number[], values: readonly number[]): Stored => ({
  dims,
  floats: values,
});
export const ints = (...values: readonly number[]): Stored => ({
  dims: [values.length],
  ints: values,
});

/** A float tensor with a simple pattern of small numbers. */
export function pattern(...dims: readonly number[]): Stored {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return floats(
    dims,
    Array.from({ length: count }, (_, i) => ((i * 7) % 11) / 8 - 0.625),
  );
}

/** The bytes of a file; by default it takes "x" float32[1, 2, 4, 4] and gives "y". */
export function onnxFile({
  inputs,
  outputs,
  constants = {},
  nodes,
  opset = 13,
  functions = [],
}: FileSpec): Uint8Array {
  const model = {
    irVersion: 7,
    producerName: 'test',
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'local', version: 1 },
    ].slice(0, functions.length === 0 ? 1 : 2),
    graph: toGraph({
      inputs: inputs ?? { x: [FLOAT, [1, 2, 4, 4]] },
      outputs: outputs ?? { y: [FLOAT, null] },
      ...{ constants, nodes },
    }),
    functions: functions.map((each) => ({
      name: each.name,
      domain: 'local',
      input: [...each.in],
      output: [...each.out],
      attribute: [...(each.attributes ?? [])],
      node: each.nodes.map(toNode),
      opsetImport: [
        { domain: '', version: opset },
        { domain: 'local', version: 1 },
      ],
    })),
  };
  return ModelProto.encode(model).finish();
}

function toGraph({ inputs = {}, outputs = {}, constants = {}, nodes }: FileSpec): object {
  return {
    name: 'g',
    node: nodes.map(toNode),
    input: ports(inputs),
    output: ports(outputs),
    initializer: Object.entries(constants).map(([name, stored]) => toTensor(stored, name)),
  };
}

export const tensorBytes = (fields: object): Uint8Array => TensorProto.encode(fields).finish();

function ports(specs: Readonly<Record<string, PortSpec>>): object[] {
  return Object.entries(specs).map(([name, [elemType, dims]]) => ({
    name,
    type: {
      tensorType: { elemType, ...(dims === null ? {} : { shape: { dim: dims.map(toDim) } }) },
    },
  }));
}

const toDim = (dim: number | string): object =>
  typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim };

function toNode({ op, in: input = [], out, name = '', domain = '', attrs = {} }: NodeSpec): object {
  return {
    opType: op,
    input: [...input],
    output: [...out],
    name,
    domain,
    attribute: Object.entries(attrs).map(([key, value]) => ({ name: key, ...toAttribute(value) })),
  };
}

function toAttribute(value: Attribute): object {
  if (typeof value === 'number') return { type: TYPE.INT, i: value };
  if (typeof value === 'string') return { type: TYPE.STRING, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { type: TYPE.INTS, ints: [...(value as readonly number[])] };
  if ('float' in value) return { type: TYPE.FLOAT, f: value.float };
  if ('floatList' in value) return { type: TYPE.FLOATS, floats: [...value.floatList] };
  if ('graph' in value) return { type: TYPE.GRAPH, g: toGraph(value.graph) };
  if ('ref' in value) return { type: TYPE.INT, refAttrName: value.ref };
  return { type: TYPE.TENSOR, t: toTensor(value as Stored, '') };
}

function toTensor({ dims, floats: real, ints: whole, fields }: Stored, name: string): object {
  if (fields !== undefined) return { name, dims: [...dims], ...fields };
  if (real !== undefined) return { name, dims: [...dims], dataType: FLOAT, floatData: [...real] };
  return { name, dims: [...dims], dataType: INT64, int64Data: [...(whole ?? [])] };
}
