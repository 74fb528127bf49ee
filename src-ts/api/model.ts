// Reading models: for attacks, and described for people.
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf, ModelError } from '../core/errors.ts';
import { importOnnx, type ImageShape, type ImportedModel } from '../onnx/import-onnx.ts';
import { formatPort } from '../onnx/model-input.ts';
import { decodeModel } from '../onnx/proto/decode.ts';

/** A classifier ready to be attacked, and what its file says of itself. */
export type Model = ImportedModel;

export interface LoadModelOptions {
  /** `[C, H, W]` of the images it will be given: needed where the file leaves sizes open. */
  readonly imageShape?: ImageShape;
  /** What errors call a model given as bytes. Default: `model`. */
  readonly name?: string;
}

/**
 * Reads an ONNX classifier, from a file or from its bytes.
 * @throws ModelError when the file cannot be read or is no image classifier.
 * @throws OnnxParseError when the bytes are no ONNX model.
 * @throws UnsupportedOpError naming every node that is not supported.
 */
export async function loadModel(
  source: string | Uint8Array,
  { imageShape, name }: LoadModelOptions = {},
): Promise<Model> {
  return importModel(await readModel(source, name), imageShape ?? null);
}

/** The bytes of a model and what to call it. */
export interface ModelFile {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly baseDir?: string;
}

export async function readModel(source: string | Uint8Array, name?: string): Promise<ModelFile> {
  if (typeof source !== 'string') return { bytes: source, name: name ?? 'model' };
  try {
    return { bytes: await readFile(source), name: source, baseDir: dirname(source) };
  } catch (error) {
    throw new ModelError(`${source}: the model cannot be read: ${reasonOf(error)}`);
  }
}

/** How a model is read, beside its images. */
export interface ImportSettings {
  /** Keeps Dropout in the graph, for training. Default false. */
  readonly keepsDropout?: boolean;
}

export function importModel(
  { bytes, name, baseDir }: ModelFile,
  imageShape: ImageShape | null,
  settings: ImportSettings = {},
): Model {
  const where = baseDir === undefined ? {} : { baseDir };
  return importOnnx(bytes, { name, imageShape, ...where, ...settings });
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'no permission';
  return messageOf(error);
}

/** What `deepfool info` tells. */
export interface ModelDescription {
  readonly model: string;
  /** Inputs as the file declares them: `"x" float32[N, 3, 224, 224]`. */
  readonly inputs: readonly string[];
  /** How one image is read: channels, height, width. */
  readonly image: ImageShape;
  readonly classes: number;
  readonly batchable: boolean;
  readonly opset: number;
  readonly ir_version: number;
  readonly producer: string;
  readonly nodes: number;
  readonly parameters: number;
  /** Nodes of the file by operator, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** Describes a model file. Throws as loadModel does. */
export async function describeModel(
  source: string | Uint8Array,
  options: LoadModelOptions = {},
): Promise<ModelDescription> {
  const file = await readModel(source, options.name);
  const model = importModel(file, options.imageShape ?? null);
  const { graph } = decodeModel(file.bytes, { name: file.name, baseDir: file.baseDir ?? null });
  const { channels, height, width } = model.inputShape;
  return {
    model: basename(file.name),
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map(formatPort),
    image: [channels, height, width],
    classes: model.classes,
    batchable: model.batchable,
    opset: model.opset,
    ir_version: model.irVersion,
    producer: model.producer,
    nodes: graph.nodes.length,
    parameters: model.parameters,
    operators: countOperators(graph.nodes),
    notes: model.notes,
  };
}

function countOperators(nodes: readonly { operator: string }[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { operator } of nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}
