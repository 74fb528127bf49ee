// Which value of a file is the logits: one score per class and image, before any softmax. A softmax at
// the end is stepped over, since it flattens gradients where the network is sure.
import { ModelError } from '../core/errors.ts';
import { findBatch, formatType, productOf, type Dim } from '../core/shape.ts';
import type { Values } from './import-nodes.ts';
import { formatPort } from './model-input.ts';
import type { NodeContext } from './node-context.ts';
import { reshapeTo } from './ops/compose.ts';
import { dtypeOf } from './proto/element-types.ts';
import type { OnnxGraph, OnnxNode, OnnxPort } from './proto/messages.ts';
import type { Value } from './value.ts';

export interface Logits {
  readonly value: Value;
  readonly classes: number;
  readonly notes: readonly string[];
}

/** The output that looks like class scores: the first float one with one dimension beside the batch. */
export function chooseOutput(graph: OnnxGraph, file: string): { port: OnnxPort; notes: string[] } {
  const scores = graph.outputs.filter(looksLikeScores);
  const [port] = scores;
  if (port === undefined) {
    const found = graph.outputs.map(formatPort).join(', ');
    throw new ModelError(
      `${file}: expected a float32 output [N, classes], found ${found === '' ? 'none' : found}`,
    );
  }
  const others = graph.outputs.filter((other) => other !== port).map(({ name }) => `"${name}"`);
  const said = `output "${port.name}" taken as logits, ${others.join(', ')} left out`;
  return { port, notes: others.length === 0 ? [] : [said] };
}

function looksLikeScores({ elementType, shape }: OnnxPort): boolean {
  if (elementType !== null && dtypeOf(elementType) !== 'float32') return false;
  return (
    shape === null || shape.slice(1).filter((dim) => dim !== 1).length <= 1 || shape.length <= 2
  );
}

/** Operators that only carry the scores on. */
const CARRIERS = new Set([
  'Identity',
  'Flatten',
  'Reshape',
  'Cast',
  'Squeeze',
  'Unsqueeze',
  'Dropout',
]);

/** The logits behind an output, as [N, classes]. */
export function findLogits(
  graph: OnnxGraph,
  values: Values,
  output: string,
  at: NodeContext,
): Logits {
  const asGiven = scoresOf(values.get(output)!, at);
  const end = lastComputing(graph, output);
  const before = end === undefined ? undefined : values.get(end.inputs[0] ?? '');
  if (end === undefined || before === undefined || !isMonotone(end, asGiven.classes)) {
    return { ...asGiven, notes: [] };
  }
  const behind = scoresOf(before, at);
  if (behind.classes !== asGiven.classes) return { ...asGiven, notes: [] };
  return { ...behind, notes: [`${end.operator} at the end stepped over`] };
}

/** Keeps the order of the classes: what softmax does to several, sigmoid to one. */
function isMonotone({ operator }: OnnxNode, classes: number): boolean {
  if (classes === 1) return operator === 'Sigmoid';
  return operator === 'Softmax' || operator === 'LogSoftmax';
}

/** The last node that computes; a logarithm of a softmax counts as the softmax. */
function lastComputing(graph: OnnxGraph, output: string): OnnxNode | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const follow = (name: string): OnnxNode | undefined => {
    let node = makers.get(name);
    while (node !== undefined && CARRIERS.has(node.operator)) {
      node = makers.get(node.inputs[0] ?? '');
    }
    return node;
  };
  const last = follow(output);
  if (last?.operator !== 'Log') return last;
  const inner = follow(last.inputs[0] ?? '');
  return inner?.operator === 'Softmax' ? inner : last;
}

/** A value as [N, classes]; sizes of 1 around the classes are dropped. */
function scoresOf(value: Value, at: NodeContext): { value: Value; classes: number } {
  if (value.kind !== 'graph') return at.fail('it does not depend on the image');
  const { dtype, shape } = value.type;
  const batch = findBatch(shape);
  const lead: Dim = batch?.dim ?? 1;
  const rest = shape.filter((dim, axis) => axis !== batch?.axis && dim !== 1);
  const ahead = batch === null ? 1 : productOf(shape.slice(0, batch.axis));
  if (dtype !== 'float32' || rest.length > 1 || ahead !== 1 || (batch?.dim.times ?? 1) !== 1) {
    return at.fail(`${formatType(value.type)} is not one score per class and image`);
  }
  const classes = rest.length === 0 ? 1 : at.staticDim(rest, 0);
  return { value: reshapeTo(value, [lead, classes], at), classes };
}
