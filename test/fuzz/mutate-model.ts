// Damage that keeps a file readable: a well-formed message about a graph that cannot be, or whose sizes
// are meant to exhaust whoever believes them.
import onnxProto from 'onnx-proto';
import { onnxRules } from '../../src-ts/onnx/ops/index.ts';
import { below, pick, type Random } from './mutate-bytes.ts';

const { ModelProto, AttributeProto, TensorProto, NodeProto, ValueInfoProto } = onnxProto.onnx;
const { INT, FLOAT, INTS, FLOATS, STRING, TENSOR, GRAPH } = AttributeProto.AttributeType;

type Model = InstanceType<typeof ModelProto>;
type Graph = NonNullable<Model['graph']>;
type Node = NonNullable<Graph['node']>[number];
type Attribute = NonNullable<Node['attribute']>[number];
type Tensor = NonNullable<Graph['initializer']>[number];
type ModelMutation = (graph: Graph, random: Random, model: Model) => void;

const SIZES = [
  ...[0, 1, 2, 3, 7, -1, -2, 16, 255, 1000, 65_535, 65_536, 1e6, 1e9, 1e12],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, -(2 ** 31), -(2 ** 53)],
];
const FLOATS_OF_NOTE = [0, -0, 1, -1, NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 1e-45, 0.5, 1e9];
const NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'x',
  'image',
  '\0',
  '\ud800',
  'a'.repeat(5000),
];
const PATHS = [
  ...['/etc/passwd', '../../etc/passwd', 'C:\\windows\\win.ini', '', '.', 'model.onnx', '\0'],
  ...['a/../../b', 'test_data_set_0', 'test_data_set_0/input_0.pb', '/dev/zero', '//server/share'],
];

const size = (random: Random): number => pick(random, SIZES);

const nodesOf = (graph: Graph): Node[] => (graph.node ??= []);
const attributesOf = (node: Node): Attribute[] => (node.attribute ??= []);
const inputsOf = (node: Node): string[] => (node.input ??= []);
const outputsOf = (node: Node): string[] => (node.output ??= []);
const initializersOf = (graph: Graph): Tensor[] => (graph.initializer ??= []);

function someNode(graph: Graph, random: Random): Node {
  const nodes = nodesOf(graph);
  if (nodes.length === 0)
    nodes.push(NodeProto.create({ opType: 'Relu', input: ['x'], output: ['y'] }));
  return pick(random, nodes);
}

/** Every tensor a graph stores: weights and attributes. */
function someTensor(graph: Graph, random: Random): Tensor {
  const inNodes = nodesOf(graph).flatMap((node) =>
    attributesOf(node).flatMap(({ t }) => (t ? [t] : [])),
  );
  const all = [...initializersOf(graph), ...inNodes];
  if (all.length === 0) all.push(addInitializer(graph, [1, 2]));
  return pick(random, all);
}

let fresh = 0;

function addInitializer(graph: Graph, values: readonly number[]): Tensor {
  const tensor = TensorProto.create({
    name: `fuzz${fresh++}`,
    dims: [values.length],
    dataType: 7,
    int64Data: [...values],
  });
  initializersOf(graph).push(tensor);
  return tensor;
}

function someAttribute(graph: Graph, random: Random): Attribute {
  const attributes = attributesOf(someNode(graph, random));
  if (attributes.length > 0 && random() < 0.8) return pick(random, attributes);
  const rule = pick(random, Object.values(onnxRules));
  const names = [...Object.keys(rule.attributes), 'axis', 'pads', 'to', 'value'];
  const attribute = AttributeProto.create({ name: pick(random, names), type: INT, i: 1 });
  attributes.push(attribute);
  return attribute;
}

function someDims(random: Random): number[] {
  const rank = random() < 0.05 ? 20 + below(random, 2000) : below(random, 6);
  return Array.from({ length: rank }, () => size(random));
}

const damageDims: ModelMutation = (graph, random) => {
  const tensor = someTensor(graph, random);
  if (random() < 0.5 || (tensor.dims ?? []).length === 0) tensor.dims = someDims(random);
  else tensor.dims![below(random, tensor.dims!.length)] = size(random);
};

const damagePort: ModelMutation = (graph, random) => {
  const ports = [...(graph.input ?? []), ...(graph.output ?? [])];
  if (ports.length === 0) return;
  const type = pick(random, ports).type?.tensorType;
  if (!type) return;
  if (random() < 0.2) type.elemType = below(random, 22);
  const dim = (value: number): object =>
    random() < 0.1 ? { dimParam: pick(random, ['N', 'M', '', '?']) } : { dimValue: value };
  const dims = type.shape?.dim ?? [];
  if (random() < 0.6 && dims.length > 0) dims[below(random, dims.length)] = dim(size(random));
  else type.shape = random() < 0.1 ? null : { dim: someDims(random).map(dim) };
};

/** Numbers of small integer tensors: targets of reshapes, axes, repeats, indices. */
const damageNumbers: ModelMutation = (graph, random) => {
  const tensor = someTensor(graph, random);
  const count = Math.min(
    8,
    (tensor.dims ?? []).reduce<number>((n, dim) => n * Number(dim), 1),
  );
  if (!(count >= 0)) return;
  const values = Array.from({ length: count }, () => size(random));
  tensor.rawData = new Uint8Array();
  tensor.dims = [count];
  if (tensor.dataType === 1) tensor.floatData = values.map(() => pick(random, FLOATS_OF_NOTE));
  else if (tensor.dataType === 7) tensor.int64Data = values;
  else tensor.int32Data = values.map((value) => value | 0);
};

const damageStorage: ModelMutation = (graph, random) => {
  const tensor = someTensor(graph, random);
  if (random() < 0.5) tensor.dataType = below(random, 24);
  else tensor.rawData = new Uint8Array(below(random, 64)).fill(below(random, 256));
};

const pointOutside: ModelMutation = (graph, random) => {
  const tensor = someTensor(graph, random);
  tensor.dataLocation = TensorProto.DataLocation.EXTERNAL;
  tensor.rawData = new Uint8Array();
  const number = (): string =>
    pick(random, ['0', '-1', '4096', '1e3', '99999999999999999999', 'x', '']);
  tensor.externalData = [
    { key: 'location', value: pick(random, PATHS) },
    ...(random() < 0.5 ? [{ key: 'offset', value: number() }] : []),
    ...(random() < 0.5 ? [{ key: 'length', value: number() }] : []),
  ];
};

const damageAttribute: ModelMutation = (graph, random) => {
  const attribute = someAttribute(graph, random);
  if (random() < 0.15)
    attribute.type = pick(random, [INT, FLOAT, INTS, FLOATS, STRING, TENSOR, GRAPH]);
  const list = (): number[] => {
    const length = random() < 0.05 ? 1e5 : below(random, 8);
    return Array.from({ length }, () => size(random));
  };
  if (attribute.type === FLOAT) attribute.f = pick(random, FLOATS_OF_NOTE);
  else if (attribute.type === INTS) {
    const ints = attribute.ints ?? [];
    if (ints.length > 0 && random() < 0.6) ints[below(random, ints.length)] = size(random);
    else attribute.ints = list();
  } else if (attribute.type === FLOATS)
    attribute.floats = list().map(() => pick(random, FLOATS_OF_NOTE));
  else if (attribute.type === STRING) {
    const text = pick(random, [
      '',
      'SAME_UPPER',
      'VALID',
      'reflect',
      'edge',
      'linear',
      'ij,jk->ik',
      '...',
    ]);
    attribute.s = new TextEncoder().encode(text);
  } else attribute.i = size(random);
};

const rewire: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  const known = [
    ...nodesOf(graph).flatMap(outputsOf),
    ...(graph.input ?? []).map(({ name }) => name ?? ''),
    ...initializersOf(graph).map(({ name }) => name ?? ''),
    '',
    'nobody',
  ];
  const inputs = inputsOf(node);
  if (random() < 0.2) inputs.push(pick(random, known));
  else if (random() < 0.1) inputs.pop();
  else if (inputs.length > 0) inputs[below(random, inputs.length)] = pick(random, known);
};

const makeCycle: ModelMutation = (graph, random) => {
  const inputs = inputsOf(someNode(graph, random));
  const outputs = nodesOf(graph).flatMap(outputsOf);
  if (outputs.length > 0) inputs[below(random, inputs.length + 1)] = outputs.at(-1)!;
};

const repeatName: ModelMutation = (graph, random) => {
  const [a, b] = [someNode(graph, random), someNode(graph, random)];
  const kind = below(random, 4);
  if (kind === 0) nodesOf(graph).push(a);
  else if (kind === 1) b.output = outputsOf(a);
  else if (kind === 2) (graph.input ??= []).push(ValueInfoProto.create({ ...graph.input[0] }));
  else initializersOf(graph).push(someTensor(graph, random));
};

const rename: ModelMutation = (graph, random) => {
  const name = pick(random, NAMES);
  const node = someNode(graph, random);
  const kind = below(random, 4);
  if (kind === 0) node.name = name;
  else if (kind === 1) outputsOf(node)[0] = name;
  else if (kind === 2) inputsOf(node)[0] = name;
  else someTensor(graph, random).name = name;
};

const changeOperator: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  node.opType = pick(random, Object.keys(onnxRules));
  if (random() < 0.5) node.attribute = [];
};

const changeOpset: ModelMutation = (_graph, random, model) => {
  model.opsetImport = [
    { domain: '', version: pick(random, [0, 1, 5, 6, 9, 11, 13, 18, 21, 999, -1]) },
  ];
};

const removeSome: ModelMutation = (graph, random) => {
  const lists = [graph.node, graph.initializer, graph.input, graph.output];
  const list = pick(random, lists) ?? [];
  if (list.length > 0) list.splice(below(random, list.length), 1 + below(random, 3));
};

const shuffleNodes: ModelMutation = (graph, random) => {
  const nodes = nodesOf(graph);
  for (let i = nodes.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [nodes[i], nodes[j]] = [nodes[j]!, nodes[i]!];
  }
};

/** A huge value made from a few bytes, fed to a node of the graph. */
const insertGiant: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  const sizes = pick(random, [
    [1e9],
    [1e5, 1e4],
    [1e9, 1e9, 1e9],
    [2 ** 27],
    [2 ** 26, 2],
    [1, 1, 1, 1e9],
  ]);
  const giant = `fuzz${fresh++}`;
  const shape = addInitializer(graph, sizes);
  const inputs = inputsOf(node);
  const [first = ''] = inputs;
  const maker = pick(random, ['ConstantOfShape', 'Expand', 'Tile', 'Reshape']);
  const reads = maker === 'ConstantOfShape' ? [shape.name!] : [first, shape.name!];
  const made = NodeProto.create({ opType: maker, input: reads, output: [giant] });
  nodesOf(graph).unshift(made);
  inputs[below(random, Math.max(1, inputs.length))] = giant;
};

/** 2^k times the size in k nodes. */
const doubleOften: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  const inputs = inputsOf(node);
  let [name = ''] = inputs;
  const steps = 4 + below(random, 60);
  for (let i = 0; i < steps; i++) {
    const next = `fuzz${fresh++}`;
    const attribute = [AttributeProto.create({ name: 'axis', type: INT, i: 0 })];
    const made = NodeProto.create({
      opType: 'Concat',
      input: [name, name],
      output: [next],
      attribute,
    });
    nodesOf(graph).push(made);
    name = next;
  }
  inputs[0] = name;
};

const lengthen: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  const inputs = inputsOf(node);
  let [name = ''] = inputs;
  const opType = pick(random, ['Relu', 'Identity', 'Neg', 'Transpose']);
  const steps = random() < 0.2 ? 2000 : below(random, 200);
  for (let i = 0; i < steps; i++) {
    const next = `fuzz${fresh++}`;
    nodesOf(graph).push(NodeProto.create({ opType, input: [name], output: [next] }));
    name = next;
  }
  inputs[0] = name;
};

/** A chain of operators of the importer, each reading what the last one made. */
const insertOperators: ModelMutation = (graph, random) => {
  const node = someNode(graph, random);
  const inputs = inputsOf(node);
  const known = [...initializersOf(graph).map(({ name }) => name ?? ''), ...inputs];
  let [name = ''] = inputs;
  const steps = 1 + below(random, 4);
  for (let i = 0; i < steps; i++) {
    const next = `fuzz${fresh++}`;
    const opType = pick(random, Object.keys(onnxRules));
    const { inputs: declared, attributes } = onnxRules[opType]!;
    const reads = declared.map((_, place) => (place === 0 ? name : pick(random, known)));
    const attribute = Object.entries(attributes)
      .filter(() => random() < 0.5)
      .map(([key, type]) => randomAttribute(key, type, random));
    nodesOf(graph).push(NodeProto.create({ opType, input: reads, output: [next], attribute }));
    name = next;
  }
  inputs[0] = name;
};

function randomAttribute(name: string, type: string, random: Random): Attribute {
  const small = (): number => (random() < 0.8 ? below(random, 4) - 1 : size(random));
  const list = Array.from({ length: below(random, 5) }, small);
  switch (type) {
    case 'int':
      return AttributeProto.create({ name, type: INT, i: small() });
    case 'float':
      return AttributeProto.create({ name, type: FLOAT, f: pick(random, FLOATS_OF_NOTE) });
    case 'ints':
      return AttributeProto.create({ name, type: INTS, ints: list });
    case 'floats':
      return AttributeProto.create({ name, type: FLOATS, floats: list });
    default:
      return AttributeProto.create({ name, type: STRING, s: new TextEncoder().encode('edge') });
  }
}

const MUTATIONS: readonly ModelMutation[] = [
  ...[damageDims, damagePort, damageNumbers, damageStorage, pointOutside, damageAttribute],
  ...[damageAttribute, damageNumbers, rewire, makeCycle, repeatName, rename, changeOperator],
  ...[changeOpset, removeSome, shuffleNodes, insertGiant, doubleOften, lengthen, insertOperators],
  ...[insertOperators, damagePort],
];

/** The file with one to four such damages; null when it cannot be read or written any more. */
export function mutateModel(bytes: Uint8Array, random: Random): Uint8Array | null {
  fresh = 0;
  const model = ModelProto.decode(bytes);
  if (!model.graph) return null;
  const count = 1 + below(random, 4);
  for (let i = 0; i < count; i++) pick(random, MUTATIONS)(model.graph, random, model);
  try {
    return ModelProto.encode(model).finish();
  } catch {
    return null; // a value that protobuf has no place for
  }
}

/** The file with subgraphs in subgraphs, far deeper than any exporter writes; built from the inside out. */
export function nestDeeply(bytes: Uint8Array, random: Random): Uint8Array {
  const depth = pick(random, [50, 500, 5000]);
  let graph: Uint8Array = new Uint8Array();
  for (let i = 0; i < depth; i++) {
    const attribute = field(6, graph); // AttributeProto.g
    const node = field(5, concat(attribute, new Uint8Array([0xa0, 0x01, GRAPH]))); // .type = GRAPH
    graph = field(1, node); // GraphProto.node
  }
  return concat(bytes, field(7, graph)); // ModelProto.graph, merged with the one before
}

function field(number: number, content: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  let rest = content.length;
  while (rest > 127) {
    head.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return concat(Uint8Array.from([...head, rest]), content);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
