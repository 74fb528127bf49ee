// Conformance cases as ONNX lays them out: a folder with `model.onnx` and `test_data_set_*` folders of
// `input_*.pb` and `output_*.pb`, one stored tensor each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../src-ts/core/errors.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { decodeModel, decodeTensor } from '../../src-ts/onnx/proto/decode.ts';
import { elementTypeName } from '../../src-ts/onnx/proto/element-types.ts';
import type { OnnxGraph, OnnxPort } from '../../src-ts/onnx/proto/messages.ts';
import { BFLOAT16_TOLERANCE, ONNX_TOLERANCE, type Tolerance } from './compare.ts';
import { brainToNumber } from '../../src-ts/onnx/proto/tensor-data.ts';

export interface ConformanceCase {
  readonly name: string;
  /** The folder the case lies in: "node", "light". */
  readonly suite: string;
  readonly folder: string;
}

/** Expected and given values of one run. */
export interface DataSet {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: readonly {
    readonly name: string;
    readonly value: Tensor;
    readonly tolerance: Tolerance;
  }[];
}

/** The cases below a folder, at any depth of up to three, in name order. */
export function findCases(root: string, depth = 3): ConformanceCase[] {
  if (existsSync(path.join(root, 'model.onnx'))) {
    const folder = path.resolve(root);
    return [{ name: path.basename(folder), suite: path.basename(path.dirname(folder)), folder }];
  }
  if (depth === 0) return [];
  const entries = readdirSync(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  const names = folders.map(({ name }) => name).sort();
  return names.flatMap((name) => {
    const below = path.join(root, name);
    return existsSync(path.join(below, '.')) ? findCases(below, depth - 1) : [];
  });
}

export function readModel({ folder }: ConformanceCase): Uint8Array {
  return readFileSync(path.join(folder, 'model.onnx'));
}

/** The graph as plain records; its initialisers are not decoded. */
export function readGraph({ name, folder }: ConformanceCase, bytes: Uint8Array): OnnxGraph {
  return decodeModel(bytes, { name, baseDir: folder }).graph;
}

/** The operators of a graph, each once, in the order of first use. */
export function operatorsOf(graph: OnnxGraph): string[] {
  const names = graph.nodes.map(({ operator, domain }) =>
    domain === '' ? operator : `${domain}.${operator}`,
  );
  return [...new Set(names)];
}

export function dataSetsOf({ folder }: ConformanceCase): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('test_data_set_'));
  return names.sort().map((name) => path.join(folder, name));
}

/** Reads a data set; throws a typed error where a value is no tensor of the engine. */
export function readDataSet(folder: string, graph: OnnxGraph): DataSet {
  const given = tensorsIn(folder, 'input');
  const declared = graph.inputs.map(({ name }) => name);
  const open = declared.filter((name) => !graph.initializers.has(name));
  // Files are numbered like the inputs; older ones leave out those that have initialisers.
  const order = given.length > open.length ? declared : open;
  const inputs = given.map(({ name, value }, i) => {
    const chosen = declared.includes(name) ? name : order[i];
    const port = graph.inputs.find((input) => input.name === chosen);
    if (port === undefined) throw new EngineError(`${folder}: more inputs than the graph has`);
    return [port.name, asDeclared(value, port)] as const;
  });
  const outputs = tensorsIn(folder, 'output');
  if (outputs.length !== graph.outputs.length) {
    const counts = `${outputs.length} expected outputs, the graph has ${graph.outputs.length}`;
    throw new EngineError(`${folder}: ${counts}`);
  }
  return {
    inputs: new Map(inputs),
    outputs: outputs.map(({ value }, i) => {
      const port = graph.outputs[i]!;
      const tolerance = port.elementType === BFLOAT16 ? BFLOAT16_TOLERANCE : ONNX_TOLERANCE;
      return { name: port.name, value: asDeclared(value, port), tolerance };
    }),
  };
}

const BFLOAT16 = 16;

/** NumPy has no bfloat16, so that ONNX stores such values as the integers of their bits. */
function asDeclared(value: Tensor, { elementType }: OnnxPort): Tensor {
  if (elementType !== BFLOAT16 || value.dtype === 'float32') return value;
  return floatTensor(value.shape, Array.from(value.data, brainToNumber));
}

const numberIn = (name: string): number => Number(/_(\d+)\.pb$/.exec(name)?.[1] ?? Infinity);

function tensorsIn(folder: string, kind: string): { name: string; value: Tensor }[] {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${kind}_`));
  const sorted = files.sort((a, b) => numberIn(a) - numberIn(b));
  return sorted.map((name) => {
    const file = path.join(folder, name);
    const stored = decodeTensor(readFileSync(file), { name, baseDir: folder });
    if (stored.elementType === 0) throw new EngineError(`${name} holds no tensor`);
    if (stored.elementType === 8) {
      throw new EngineError(`${elementTypeName(stored.elementType)} tensors are not supported`);
    }
    return { name: stored.name, value: stored.load() };
  });
}
