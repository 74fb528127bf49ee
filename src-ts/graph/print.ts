// Prints a graph as text, one node a line: what the tests compare and a person reads.
import { formatType, type Shape } from '../core/shape.ts';
import { formatShape } from '../core/shape.ts';
import { typeOf, type Graph, type Node } from './graph.ts';
import type { ValueId } from './op-set.ts';

const formatId = (id: ValueId): string => `%${id}`;

function formatAttr(value: unknown): string {
  if (Array.isArray(value)) return formatAttrList(value);
  if (typeof value === 'object' && value !== null) {
    if ('symbol' in value && 'times' in value) return formatShape([value] as unknown as Shape);
    const fields = Object.entries(value).map(([name, field]) => `${name} ${formatAttr(field)}`);
    return `{${fields.join(', ')}}`;
  }
  return String(value);
}

function formatAttrList(values: readonly unknown[]): string {
  const isShape = values.every(
    (value) =>
      typeof value === 'number' ||
      (typeof value === 'object' && value !== null && 'symbol' in value),
  );
  if (isShape) return formatShape(values as Shape);
  return `[${values.map(formatAttr).join(', ')}]`;
}

/** `%7 = conv(x %0, w %3) {strides [2, 2], …} : float32[N, 6, 14, 14]  # conv1` */
export function formatNode(graph: Graph, node: Node): string {
  const inputs = Object.entries(node.inputs as Record<string, ValueId | undefined>)
    .filter((entry): entry is [string, ValueId] => entry[1] !== undefined)
    .map(([name, id]) => `${name} ${formatId(id)}`);
  const attrs = Object.entries(node.attrs as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${formatAttr(value)}`);
  const told = attrs.length === 0 ? '' : ` {${attrs.join(', ')}}`;
  const label = node.label === '' ? '' : `  # ${node.label}`;
  const type = formatType(typeOf(graph, node.output));
  return `${formatId(node.output)} = ${node.kind}(${inputs.join(', ')})${told} : ${type}${label}`;
}

/** The whole graph: inputs, constants (types only), nodes, outputs. */
export function formatGraph(graph: Graph): string {
  const lines: string[] = [];
  for (const { name, id } of graph.inputs) {
    lines.push(`${formatId(id)} = input "${name}" : ${formatType(typeOf(graph, id))}`);
  }
  for (const id of graph.constants.keys()) {
    lines.push(`${formatId(id)} = constant : ${formatType(typeOf(graph, id))}`);
  }
  for (const node of graph.nodes) lines.push(formatNode(graph, node));
  for (const { name, id } of graph.outputs) lines.push(`output "${name}" = ${formatId(id)}`);
  return lines.join('\n');
}
