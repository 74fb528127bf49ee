// Reads an ONNX image classifier: one input "image" [N, C, H, W], one output "logits" [N, classes], for
// any number of images.
//
// A file's sizes hold for the batch it was exported with, often 1. It is first read with a symbol in
// that place; where a node would then mix images or cannot be read, it is read again for one image at a
// time, and a note names the node.
import { EngineError, ModelError } from '../core/errors.ts';
import type { Dim } from '../core/shape.ts';
import type { Graph } from '../graph/graph.ts';
import { pruneGraph } from '../graph/prune.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { foldAffine } from '../passes/fold-affine.ts';
import { splitProducts } from '../passes/split-products.ts';
import { readsOf } from './bodies.ts';
import { FoldBudget } from './fold.ts';
import { importNodes } from './import-nodes.ts';
import { adaptImage, ANY_BATCH, findImageInput } from './model-input.ts';
import type { ImageInput, ImageShape } from './model-input.ts';
import { chooseOutput, findLogits } from './model-output.ts';
import { NodeContext, type FileBatch } from './node-context.ts';
import { decodeModel } from './proto/decode.ts';
import { labelOf, type OnnxModel, type OnnxNode } from './proto/messages.ts';
import { scheduleNodes } from './schedule.ts';

export type { ImageShape } from './model-input.ts';

export interface ImportOptions {
  /** What errors call the file. */
  readonly name: string;
  /** The shape of the data set's images, to read inputs of another layout or of open size. */
  readonly imageShape?: ImageShape | null;
  /** Keeps Dropout in the graph, for training. Default false: it is left out. */
  readonly keepsDropout?: boolean;
  /** Where external data may lie; without it, files with external data are refused. */
  readonly baseDir?: string;
}

export interface ModelInfo {
  readonly name: string;
  readonly inputShape: {
    readonly channels: number;
    readonly height: number;
    readonly width: number;
  };
  /** Scores per image; 1 is a binary classifier, whose sign decides. */
  readonly classes: number;
  /** false: the graph takes one image at a time, `[1, C, H, W]`. */
  readonly batchable: boolean;
  /** What was assumed or changed, in sentences for people. */
  readonly notes: readonly string[];
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  /** Nodes of the file that the logits need. */
  readonly nodeCount: number;
  /** Float numbers in the graph's weights. */
  readonly parameters: number;
}

export interface ImportedModel extends ModelInfo {
  readonly graph: Graph;
}

interface Classifier {
  readonly file: string;
  readonly model: OnnxModel;
  readonly input: ImageInput;
  readonly output: string;
  readonly keepsDropout: boolean;
}

interface Reading {
  readonly graph: Graph;
  readonly classes: number;
  readonly notes: readonly string[];
}

/** Imports a classifier; throws an EngineError that says what is wrong with any other file. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): ImportedModel {
  const file = options.name;
  const model = decodeModel(bytes, { name: file, baseDir: options.baseDir ?? null });
  const { port, notes } = chooseOutput(model.graph, file);
  const given = [...model.graph.inputs.map(({ name }) => name), ...model.graph.initializers.keys()];
  const order = scheduleNodes(model.graph, [port.name], new Set(given), file);
  const read = new Set(order.flatMap(readsOf));
  const input = findImageInput(model.graph, read, options.imageShape ?? null, file);
  const { keepsDropout = false } = options;
  const classifier = { file, model, input, output: port.name, keepsDropout };
  const { reading, batchable, said } = readForAnyBatch(classifier);
  const graph = pruneGraph(splitProducts(foldAffine(reading.graph)));
  const [channels, height, width] = input.image;
  return {
    name: file,
    graph,
    inputShape: { channels, height, width },
    classes: reading.classes,
    batchable,
    notes: [
      ...input.notes,
      ...said,
      ...notes,
      ...reading.notes,
      ...quantizationNotes(order),
      ...foldNotes(model, reading, graph),
    ],
    opset: model.opsets.get('') ?? 1,
    irVersion: model.irVersion,
    producer: model.producer,
    nodeCount: order.length,
    parameters: countParameters(graph),
  };
}

/** Reads the file for any batch, or for one image at a time when that is not safe. */
function readForAnyBatch(classifier: Classifier): {
  reading: Reading;
  batchable: boolean;
  said: readonly string[];
} {
  const { batch } = classifier.input;
  if (batch === null) {
    const said = ['the input has no batch dimension: images run one at a time'];
    return { reading: readWith(classifier, 1, { size: 1, fixed: true }), batchable: false, said };
  }
  try {
    const reading = readWith(classifier, ANY_BATCH, batch);
    const said = batch.fixed ? [`fixed batch of ${batch.size} made N`] : [];
    return { reading, batchable: true, said };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const reason = thrown.message.split('\n')[0]!;
    if (batch.size > 1) {
      throw new ModelError(
        `${classifier.file}: the batch is fixed at ${batch.size} and cannot be changed: ${reason}`,
      );
    }
    const reading = readWith(classifier, 1, { size: 1, fixed: true });
    return { reading, batchable: false, said: [`images run one at a time: ${reason}`] };
  }
}

function readWith(classifier: Classifier, extent: Dim, batch: FileBatch): Reading {
  const { file, model, input, output, keepsDropout } = classifier;
  const builder = new GraphBuilder();
  const budget = new FoldBudget();
  const type = { dtype: 'float32', shape: [extent, ...input.image] } as const;
  const image = { kind: 'graph', type, id: builder.input('image', type) } as const;
  const end = (operator: string, label: string): NodeContext =>
    new NodeContext(builder, { operator, label, opset: 0, outputCount: 1 }, batch, budget);
  const adapted = adaptImage(image, input, extent, end('input', input.name));
  const bound = new Map([[input.name, adapted]]);
  const job = { file, model, builder, bound, wanted: [output], batch, budget, keepsDropout };
  const values = importNodes(job);
  const at = end('output', output);
  const { value, classes, notes } = findLogits(model.graph, values, output, at);
  builder.output('logits', at.idOf(value));
  return { graph: pruneGraph(builder.finish()), classes, notes };
}

/** Operators that round to the numbers of a quantised type. */
const QUANTISING: ReadonlySet<string> = new Set([
  ...['QuantizeLinear', 'DynamicQuantizeLinear', 'QLinearConv', 'QLinearMatMul'],
]);

function quantizationNotes(order: readonly OnnxNode[]): string[] {
  const count = order.filter(({ operator }) => QUANTISING.has(operator)).length;
  if (count === 0) return [];
  const told = `${count} quantised operator${count === 1 ? '' : 's'}`;
  return [`gradients pass straight through ${told}; sums of theirs are exact up to 2^24`];
}

function foldNotes(model: OnnxModel, before: Reading, after: Graph): string[] {
  const left = new Set(after.nodes.map(({ label }) => label));
  const present = new Set(before.graph.nodes.map(({ label }) => label));
  const normalizations = model.graph.nodes.filter(
    (node) => node.operator === 'BatchNormalization' && present.has(labelOf(node)),
  );
  const folded = normalizations.filter((node) => !left.has(labelOf(node))).length;
  if (folded === 0) return [];
  return [`${folded} BatchNormalization node${folded === 1 ? '' : 's'} folded into weights`];
}

function countParameters({ constants }: Graph): number {
  const weights = [...constants.values()].filter(
    ({ dtype, shape }) => dtype === 'float32' && shape.length > 0,
  );
  return weights.reduce((count, { data }) => count + data.length, 0);
}
