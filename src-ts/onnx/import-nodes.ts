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
import { BodyBudget, bodyOf, calledFunction, freeNames, readsOf, takenBranch } from './bodies.ts';
import { ElementTypes } from './element-types.ts';
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
  readonly bodies?: BodyBudget;
  /** Whether Dropout stays in the graph, for training. */
  readonly keepsDropout?: boolean;
  /** Element types of the bound values, where they are known. */
  readonly elements?: ElementTypes;
}

/** Values by their names in the file. */
export type Values = ReadonlyMap<string, Value>;

/** Imports what the wanted outputs need. Throws one UnsupportedOpError for all that cannot be. */
export function importNodes(job: ImportJob): Values {
  const { graph } = job.model;
  const elements = ElementTypes.of(graph, job.elements);
  const within = { ...job, elements, bodies: job.bodies ?? new BodyBudget() };
  const values = new Map<string, Value>(job.bound);
  const missing = new Set<string>();
  const unsupported: UnsupportedNode[] = [];
  const known = new Set([...graph.initializers.keys(), ...job.bound.keys()]);
  const order = scheduleNodes(graph, job.wanted, known, job.file);
  const read = new Set([...job.wanted, ...order.flatMap(readsOf)]);
  for (const node of order) {
    const opset = job.model.opsets.get(node.domain) ?? 1;
    try {
      const rule = ruleFor(node, job.model);
      if (node.inputs.some((name) => missing.has(name))) throw new WaitingNode();
      const given = node.inputs.map((name) => lookup(name, values, graph));
      const around = { given, missing, lookup: (name: string) => lookup(name, values, graph) };
      const made =
        typeof rule === 'string'
          ? importBody(rule, node, around, within)
          : applyRule(rule, node, given, opset, within);
      keepOutputs(node, made, read, values);
      elements.pass(node);
    } catch (thrown) {
      if (thrown instanceof UnsupportedOpError) {
        unsupported.push(...thrown.nodes);
        for (const output of node.outputs) missing.add(output);
        continue;
      }
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

/** What imports a node: a rule, or the graph within it. */
function ruleFor(node: OnnxNode, model: OnnxModel): ImportRule | 'branch' | 'function' {
  const standard = node.domain === '';
  if (standard && node.operator === 'If') return 'branch';
  const rule =
    standard && Object.hasOwn(onnxRules, node.operator) ? onnxRules[node.operator] : null;
  if (rule !== null && rule !== undefined) return rule;
  if (calledFunction(model, node) !== undefined) return 'function';
  throw new NodeRefusal();
}

interface Surroundings {
  readonly given: readonly (Value | undefined)[];
  readonly missing: ReadonlySet<string>;
  readonly lookup: (name: string) => Value | undefined;
}

/** The outputs of the branch a node takes, or of the function it calls. */
function importBody(
  form: 'branch' | 'function',
  node: OnnxNode,
  around: Surroundings,
  job: ImportJob & { readonly bodies: BodyBudget; readonly elements: ElementTypes },
): (Value | undefined)[] {
  const body = form === 'branch' ? branchJob(node, around, job) : functionJob(node, around, job);
  const { graph } = body.model;
  const values = job.bodies.enter(job.file, node, graph, () => importNodes(body));
  return body.results.map((name) => values.get(name));
}

type BodyJob = ImportJob & { readonly results: readonly string[] };

function branchJob(
  node: OnnxNode,
  { given, missing, lookup }: Surroundings,
  job: ImportJob,
): BodyJob {
  const graph = takenBranch(node, given[0]);
  const names = [...freeNames(graph)];
  if (names.some((name) => missing.has(name))) throw new WaitingNode();
  const bound = names.flatMap((name): [string, Value][] => {
    const value = lookup(name);
    return value === undefined ? [] : [[name, value]];
  });
  const results = graph.outputs.map(({ name }) => name);
  return {
    ...job,
    model: { ...job.model, graph },
    bound: new Map(bound),
    wanted: results,
    results,
  };
}

function functionJob(
  node: OnnxNode,
  { given }: Surroundings,
  job: ImportJob & { readonly elements: ElementTypes },
): BodyJob {
  const called = calledFunction(job.model, node)!;
  const bound = called.inputs.flatMap((name, i): [string, Value][] => {
    const value = given[i];
    return value === undefined ? [] : [[name, value]];
  });
  const results = called.outputs.slice(0, node.outputs.length);
  return {
    ...job,
    model: { ...job.model, graph: bodyOf(called, node), opsets: called.opsets },
    bound: new Map(bound),
    wanted: results.filter((_, i) => node.outputs[i] !== ''),
    elements: job.elements.renamed(node.inputs, called.inputs),
    results,
  };
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
    keepsDropout: job.keepsDropout ?? false,
  };
  const elements = node.inputs.map((name) => job.elements?.nameOf(name) ?? null);
  const at = new NodeContext(job.builder, { ...described, elements }, job.batch, job.budget);
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
  made: readonly (Value | undefined)[],
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
