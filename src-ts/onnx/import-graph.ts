// A file's graph with its own inputs and outputs, as they are: for operator tests, and for graphs that
// are no classifiers. `importOnnx` in import-onnx.ts is what reads a classifier.
import { ModelError } from '../core/errors.ts';
import { batchDim, formatShape, type Dim, type TensorType } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Graph } from '../graph/graph.ts';
import { pruneGraph } from '../graph/prune.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { splitProducts } from '../passes/split-products.ts';
import { crossesBatch } from './batch-safety.ts';
import { FoldBudget } from './fold.ts';
import { importNodes } from './import-nodes.ts';
import { NodeContext } from './node-context.ts';
import { decodeModel } from './proto/decode.ts';
import { dtypeOf, elementTypeName } from './proto/element-types.ts';
import type { OnnxModel, OnnxPort } from './proto/messages.ts';
import { constantValue, type Value } from './value.ts';

export interface GraphImportOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Where external data may lie; without it, files with external data are refused. */
  readonly baseDir?: string;
  /** Inputs known now, such as the target of a Reshape: they are constants of the graph. */
  readonly constants?: ReadonlyMap<string, Tensor>;
}

/** Imports a file with its inputs and outputs unchanged. Named dimensions become symbols. */
export function importOnnxGraph(bytes: Uint8Array, options: GraphImportOptions): Graph {
  const model = decodeModel(bytes, { name: options.name, baseDir: options.baseDir ?? null });
  const builder = new GraphBuilder();
  const bound = bindPorts(model, builder, options);
  const wanted = model.graph.outputs.map(({ name }) => name);
  const batch = { size: 1, fixed: false };
  const budget = new FoldBudget();
  const job = { file: options.name, model, builder, bound, wanted, batch, budget };
  const values = importNodes(job);
  const described = { operator: 'output', label: options.name, opset: 0, outputCount: 0 };
  const at = new NodeContext(builder, described, batch, budget);
  for (const { name, elementType } of model.graph.outputs) {
    const value = asDeclared(values.get(name)!, elementType, at);
    if (value.kind === 'dims') {
      throw new ModelError(
        `${options.name}: expected outputs made of tensors, found "${name}": ${formatShape(value.dims)}, ` +
          'sizes known only at run time',
      );
    }
    builder.output(name, at.idOf(value));
  }
  return pruneGraph(splitProducts(builder.finish()));
}

/** Quantised numbers are float32 while they are computed with; as an output they are what the file says. */
function asDeclared(value: Value, elementType: number | null, at: NodeContext): Value {
  const dtype = dtypeOf(elementType);
  const isQuantised = value.type.dtype === 'float32' && (dtype === 'int32' || dtype === 'int64');
  return isQuantised ? at.emit('cast', { x: value }, { to: dtype }) : value;
}

function bindPorts(
  model: OnnxModel,
  builder: GraphBuilder,
  { name: file, constants }: GraphImportOptions,
): ReadonlyMap<string, Value> {
  const bound = new Map<string, Value>();
  for (const port of model.graph.inputs) {
    if (bound.has(port.name)) {
      throw new ModelError(`${file}: two inputs are called "${port.name}"`);
    }
    const known = constants?.get(port.name);
    if (known !== undefined) bound.set(port.name, constantValue(known));
    else if (!model.graph.initializers.has(port.name)) {
      const type = portType(port, file);
      bound.set(port.name, { kind: 'graph', type, id: builder.input(port.name, type) });
    }
  }
  return bound;
}

function portType({ name, elementType, shape }: OnnxPort, file: string): TensorType {
  const where = `${file}: input "${name}"`;
  const dtype = dtypeOf(elementType);
  if (dtype === null) {
    throw new ModelError(`${where} is of ${elementTypeName(elementType)}, which is not supported`);
  }
  if (shape === null) throw new ModelError(`${where} has no declared shape`);
  const dims = shape.map((dim): Dim => {
    if (dim === null) throw new ModelError(`${where} has a dimension without size or name`);
    return typeof dim === 'string' ? batchDim(dim) : dim;
  });
  if (crossesBatch(dims)) {
    throw new ModelError(`${where} has more than one open dimension: ${formatShape(dims)}`);
  }
  return { dtype, shape: dims };
}
