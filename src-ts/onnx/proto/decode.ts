// Bytes to records, through the onnx-proto package. The only file that knows protobuf: 64-bit integers
// arrive as Long objects, absent fields as defaults, and nothing about the content can be trusted.
import onnxProto from 'onnx-proto';
import { messageOf, OnnxParseError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { readExternalData } from './external-data.ts';
import {
  functionKey,
  type OnnxAttribute,
  type OnnxDim,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
} from './messages.ts';
import { recogniseBytes } from './recognise.ts';
import { readTensor } from './tensor-data.ts';

const { ModelProto, AttributeProto, TensorProto } = onnxProto.onnx;
type Proto = typeof onnxProto.onnx;
type ModelMessage = InstanceType<Proto['ModelProto']>;
type TensorMessage = Partial<InstanceType<Proto['TensorProto']>>;
type AttributeMessage = Partial<InstanceType<Proto['AttributeProto']>>;
type NodeMessage = Partial<InstanceType<Proto['NodeProto']>>;
type FunctionMessage = Parameters<Proto['FunctionProto']['encode']>[0];
type GraphMessage = Partial<InstanceType<Proto['GraphProto']>>;
type ValueInfoMessage = Partial<InstanceType<Proto['ValueInfoProto']>>;

/** No tensor of a classifier is larger; beyond it, a size in the file is taken for damage. */
const MAX_ELEMENTS = 2 ** 31;

interface Source {
  readonly name: string;
  readonly baseDir: string | null;
}

/** Decodes a model file. `name` is what errors call it, `baseDir` where its external data may lie. */
export function decodeModel(bytes: Uint8Array, source: Source): OnnxModel {
  const message = decodeMessage(bytes, source.name);
  if (message.graph === null || message.graph === undefined) {
    throw notOnnx(bytes, source.name, 'a message without a graph');
  }
  return {
    irVersion: toNumber(message.irVersion),
    producer: [message.producerName, message.producerVersion].filter(Boolean).join(' '),
    opsets: toOpsets(message.opsetImport),
    graph: toGraph(message.graph as GraphMessage, source),
    functions: new Map(message.functions.map((each) => toFunction(each, source))),
  };
}

function toOpsets(imports: FunctionMessage['opsetImport']): ReadonlyMap<string, number> {
  const opsets = (imports ?? []).map(
    ({ domain, version }) => [domainName(domain), toNumber(version)] as const,
  );
  return new Map(opsets);
}

function toFunction(message: FunctionMessage, source: Source): [string, OnnxFunction] {
  const key = functionKey(domainName(message.domain), message.name ?? '');
  const nodes = (message.node ?? []).map((node) => toNode(node as NodeMessage, source));
  return [
    key,
    {
      inputs: message.input ?? [],
      outputs: message.output ?? [],
      attributes: message.attribute ?? [],
      nodes,
      opsets: toOpsets(message.opsetImport),
    },
  ];
}

/** Decodes one stored tensor, as in the `.pb` files of ONNX's operator tests. */
export function decodeTensor(bytes: Uint8Array, source: Source): OnnxTensor {
  let message: TensorMessage;
  try {
    message = TensorProto.decode(bytes);
  } catch (thrown) {
    throw notOnnx(bytes, source.name, messageOf(thrown));
  }
  return toTensor(message, source);
}

function decodeMessage(bytes: Uint8Array, name: string): ModelMessage {
  try {
    return ModelProto.decode(bytes);
  } catch (thrown) {
    throw notOnnx(bytes, name, `protobuf that breaks off or is damaged (${messageOf(thrown)})`);
  }
}

function notOnnx(bytes: Uint8Array, name: string, found: string): OnnxParseError {
  const looks = recogniseBytes(bytes);
  const what = looks === null ? found : `looks like ${looks}`;
  return new OnnxParseError(
    `${name}: expected an ONNX model, found ${bytes.length} bytes: ${what}`,
  );
}

/** A protobuf integer: a number, or a Long. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value !== null && 'toNumber' in value) {
    return (value as { toNumber: () => number }).toNumber();
  }
  return 0;
}

const toNumbers = (values: readonly unknown[] | null | undefined): number[] =>
  (values ?? []).map(toNumber);

const decoder = new TextDecoder();

const domainName = (domain: string | null | undefined): string =>
  domain === null || domain === undefined || domain === 'ai.onnx' ? '' : domain;

function toGraph(message: GraphMessage, source: Source): OnnxGraph {
  const tensors = (message.initializer ?? []).map((each) =>
    toTensor(each as TensorMessage, source),
  );
  const sparse = message.sparseInitializer ?? [];
  if (sparse.length > 0) {
    throw new OnnxParseError(`${source.name}: sparse initialisers are not supported`);
  }
  return {
    nodes: (message.node ?? []).map((node) => toNode(node as NodeMessage, source)),
    inputs: (message.input ?? []).map((input) => toPort(input as ValueInfoMessage)),
    outputs: (message.output ?? []).map((output) => toPort(output as ValueInfoMessage)),
    initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  };
}

function toNode(message: NodeMessage, source: Source): OnnxNode {
  const attributes = (message.attribute ?? []).map(
    (attribute) =>
      [attribute.name ?? '', toAttribute(attribute as AttributeMessage, source)] as const,
  );
  return {
    operator: message.opType ?? '',
    domain: domainName(message.domain),
    name: message.name ?? '',
    inputs: message.input ?? [],
    outputs: message.output ?? [],
    attributes: new Map(attributes),
  };
}

function toPort(message: ValueInfoMessage): OnnxPort {
  const type = message.type?.tensorType;
  const dims = type?.shape?.dim;
  return {
    name: message.name ?? '',
    elementType: type?.elemType ?? null,
    shape: type?.shape ? (dims ?? []).map(toDim) : null,
  };
}

function toDim(dim: { dimValue?: unknown; dimParam?: string | null }): OnnxDim {
  if (dim.dimParam !== null && dim.dimParam !== undefined && dim.dimParam !== '') {
    return dim.dimParam;
  }
  if (dim.dimValue === null || dim.dimValue === undefined) return null;
  const size = toNumber(dim.dimValue);
  return size < 0 ? null : size; // some exporters write "unknown" as −1
}

function toTensor(message: TensorMessage, source: Source): OnnxTensor {
  const name = message.name ?? '';
  const where = `${source.name}: tensor "${name}"`;
  const shape = toNumbers(message.dims);
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (shape.some((dim) => !Number.isSafeInteger(dim) || dim < 0) || count > MAX_ELEMENTS) {
    throw new OnnxParseError(`${where} has the shape ${formatShape(shape)}`);
  }
  const elementType = message.dataType ?? 0;
  const load = () =>
    readTensor({
      where,
      elementType,
      shape,
      raw: () => rawBytes(message, where, source.baseDir),
      floats: message.floatData ?? [],
      int32s: message.int32Data ?? [],
      int64s: () => toNumbers(message.int64Data),
      uint64s: () => toNumbers(message.uint64Data),
      doubles: message.doubleData ?? [],
    });
  return { name, elementType, shape, load };
}

function rawBytes(
  message: TensorMessage,
  where: string,
  baseDir: string | null,
): Uint8Array | null {
  if (message.dataLocation === TensorProto.DataLocation.EXTERNAL) {
    const entries = (message.externalData ?? []).map(
      ({ key, value }) => [key ?? '', value ?? ''] as const,
    );
    const fields = new Map(entries);
    const offset = toOffset(fields.get('offset') ?? '0', where);
    const length = fields.has('length') ? toOffset(fields.get('length')!, where) : null;
    const location = fields.get('location') ?? '';
    return readExternalData(where, { location, offset, length }, baseDir);
  }
  const raw = message.rawData;
  return raw === undefined || raw.length === 0 ? null : raw;
}

function toOffset(text: string, where: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new OnnxParseError(`${where}: "${text}" is not a position in an external file`);
}

type AttributeReader = (message: AttributeMessage, source: Source) => OnnxAttribute;
const { FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS } = AttributeProto.AttributeType;

const ATTRIBUTES: Readonly<Record<number, AttributeReader>> = {
  [FLOAT]: ({ f }) => ({ type: 'float', value: f ?? 0 }),
  [INT]: ({ i }) => ({ type: 'int', value: toNumber(i) }),
  [STRING]: ({ s }) => ({ type: 'string', value: decoder.decode(s) }),
  [TENSOR]: ({ t }, source) => ({
    type: 'tensor',
    value: toTensor((t ?? {}) as TensorMessage, source),
  }),
  [GRAPH]: ({ g }, source) => ({
    type: 'graph',
    value: toGraph((g ?? {}) as GraphMessage, source),
  }),
  [FLOATS]: ({ floats }) => ({ type: 'floats', value: floats ?? [] }),
  [INTS]: ({ ints }) => ({ type: 'ints', value: toNumbers(ints) }),
  [STRINGS]: ({ strings }) => ({
    type: 'strings',
    value: (strings ?? []).map((text) => decoder.decode(text)),
  }),
};

function toAttribute(message: AttributeMessage, source: Source): OnnxAttribute {
  const { refAttrName } = message;
  if (refAttrName !== undefined && refAttrName !== '') {
    return { type: 'reference', value: refAttrName };
  }
  const read = ATTRIBUTES[message.type ?? 0];
  return read === undefined ? { type: 'other', value: null } : read(message, source);
}
