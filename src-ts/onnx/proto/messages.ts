// An ONNX file as plain records: what the importer reads. Protobuf ends at this folder; numbers are
// checked, 64-bit integers are doubles (exact to 2^53, enough for sizes and indices), text is decoded.
import type { Tensor } from '../../core/tensor.ts';

/** A size, the name of a symbolic one, or null where the file says nothing. */
export type OnnxDim = number | string | null;

/** A graph input or output as declared. Types other than tensors have `elementType` null. */
export interface OnnxPort {
  readonly name: string;
  readonly elementType: number | null;
  readonly shape: readonly OnnxDim[] | null;
}

/** Stored numbers; `load` decodes them when they are first needed. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: number;
  readonly shape: readonly number[];
  readonly load: () => Tensor;
}

/** The types an attribute may have, by the name import rules ask for them. */
export interface AttributeValues {
  readonly float: number;
  readonly int: number;
  readonly string: string;
  readonly tensor: OnnxTensor;
  readonly graph: OnnxGraph;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly string[];
}

export type OnnxAttribute =
  | {
      readonly [T in keyof AttributeValues]: {
        readonly type: T;
        readonly value: AttributeValues[T];
      };
    }[keyof AttributeValues]
  /** In a function's body: the attribute of that name of the calling node. */
  | { readonly type: 'reference'; readonly value: string }
  | { readonly type: 'other'; readonly value: null };

export interface OnnxNode {
  readonly operator: string;
  /** '' is ONNX's own operator set. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
}

/** An operator that the file itself defines. */
export interface OnnxFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that a call may leave out. */
  readonly attributes: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Version of each operator set the file imports. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** By domain and name, as `functionKey` has it. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
}

/** A node's name, or the name of what it makes when the exporter gave it none. */
export function labelOf(node: OnnxNode): string {
  if (node.name !== '') return node.name;
  return node.outputs.find((output) => output !== '') ?? node.operator;
}

/** The key of a function among a model's. */
export const functionKey = (domain: string, name: string): string => `${domain}::${name}`;
