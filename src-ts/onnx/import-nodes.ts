// Runs the import rules over the nodes of a file. Nodes that no rule takes are collected, so that one
// error lists them all: the values they would make are marked missing, and what reads those waits.
import {
  EngineError,
  ModelError,
  UnsupportedOpError,
  type UnsupportedNode,
} from '../core/errors.ts';
import type { FoldBudget } from './fold.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { bindAttributes, bindInputs } from './bind-node.ts';
import { modernise } from './legacy.ts';
import { NodeContext, NodeRefusal, type FileBatch } from './node-context.ts';
import { labelOf, type OnnxGraph, type OnnxModel, type OnnxNode } from './proto/messages.ts';
import { onnxRules } from './ops/index.ts';
import type { ImportRule } from './rule.ts';
import { scheduleNodes } from './schedule.ts';
import { constantValue, type Value } from './value.ts';

export interface ImportJob {
  /** What errors call the file. */
  readonly file: string;
  readonly model: OnnxModel;
  readonly builder: GraphBuilder;
  /** Values of the graph's inputs. */
  readonly bound: ReadonlyMap<string, Value>;
  readonly wanted: readonly string[];
  readonly batch: FileBatch;
  readonly budget: FoldBudget;
}

/** Values by their names in the file. */
export type Values = ReadonlyMap<string, Value>;

/** Imports what the wanted outputs need. Throws one UnsupportedOpError for all that cannot be. */
export function importNodes(job: ImportJob): Values {
  const { graph } = job.model;
  const values = new Map<string, Value>(job.bound);
  const missing = new Set<string>();
  const unsupported: UnsupportedNode[] = [];
  const known = new Set([...graph.initializers.keys(), ...job.bound.keys()]);
  const order = scheduleNodes(graph, job.wanted, known, job.file);
  const read = new Set([...job.wanted, ...order.flatMap(({ inputs }) => inputs)]);
  for (const node of order) {
    const opset = job.model.opsets.get(node.domain) ?? 1;
    try {
      const rule = ruleFor(node);
      if (node.inputs.some((name) => missing.has(name))) throw new WaitingNode();
      const given = node.inputs.map((name) => lookup(name, values, graph));
      const made = applyRule(rule, node, given, opset, job);
      keepOutputs(node, made, read, values);
    } catch (thrown) {
      if (!(thrown instanceof NodeRefusal) && !(thrown instanceof WaitingNode)) throw thrown;
      for (const output of node.outputs) missing.add(output);
      if (thrown instanceof WaitingNode) continue;
      const { operator, domain } = node;
      const qualified = domain === '' ? operator : `${domain}.${operator}`;
      const reason = thrown.message === '' ? {} : { reason: thrown.message };
      unsupported.push({ operator: qualified, node: labelOf(node), opset, ...reason });
    }
  }
  if (unsupported.length > 0) throw new UnsupportedOpError(job.file, unsupported);
  for (const name of job.wanted) {
    const value = lookup(name, values, graph);
    if (value === undefined)
      throw new ModelError(`${job.file}: nothing makes the output "${name}"`);
    values.set(name, value);
  }
  return values;
}

/** A node behind an unsupported one: nothing can be said of it yet. */
class WaitingNode extends Error {}

function ruleFor(node: OnnxNode): ImportRule {
  const rule =
    node.domain === '' && Object.hasOwn(onnxRules, node.operator)
      ? onnxRules[node.operator]
      : undefined;
  if (rule === undefined) throw new NodeRefusal();
  return rule;
}

/** The value of a name; initialisers are decoded when they are first read. */
function lookup(name: string, values: Map<string, Value>, graph: OnnxGraph): Value | undefined {
  if (name === '') return undefined;
  const value = values.get(name);
  if (value !== undefined) return value;
  const initializer = graph.initializers.get(name);
  if (initializer === undefined) return undefined;
  const loaded = constantValue(initializer.load());
  values.set(name, loaded);
  return loaded;
}

function applyRule(
  rule: ImportRule,
  node: OnnxNode,
  given: readonly (Value | undefined)[],
  opset: number,
  job: ImportJob,
): readonly Value[] {
  const described = {
    operator: node.operator,
    label: labelOf(node),
    opset,
    outputCount: node.outputs.length,
  };
  const at = new NodeContext(job.builder, described, job.batch, job.budget);
  const form = modernise(node, given, at);
  const inputs = bindInputs(rule, form.inputs);
  const attributes = bindAttributes(rule, form.attributes);
  try {
    const made = rule.apply(inputs, attributes, at);
    return Array.isArray(made) ? (made as readonly Value[]) : [made as Value];
  } catch (thrown) {
    if (thrown instanceof EngineError || thrown instanceof NodeRefusal) throw thrown;
    if (thrown instanceof RangeError) at.fail(thrown.message); // an allocation the machine refuses
    throw thrown;
  }
}

function keepOutputs(
  node: OnnxNode,
  made: readonly Value[],
  read: ReadonlySet<string>,
  values: Map<string, Value>,
): void {
  for (const [position, name] of node.outputs.entries()) {
    if (name === '') continue;
    const value = made[position];
    if (value !== undefined) values.set(name, value);
    else if (read.has(name)) throw new NodeRefusal(`its output ${position + 1} is read`);
  }
}
