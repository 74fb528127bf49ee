// Runs one case on the reference interpreter and on a device, and judges both.
import { elementCount, findBatch, resolveShape } from '../../src-ts/core/shape.ts';
import {
  EngineError,
  messageOf,
  ModelError,
  UnsupportedOpError,
} from '../../src-ts/core/errors.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { typeOf, type Graph, type Node } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { interpret } from '../reference/interpreter.ts';
import { bindCase, type BoundGraph } from './bindings.ts';
import { dataSetsOf, operatorsOf, readDataSet, readGraph, readModel } from './cases.ts';
import type { ConformanceCase, DataSet } from './cases.ts';
import { findDifference } from './compare.ts';

export type Status = 'passed' | 'failed' | 'unsupported' | 'skipped';

export interface Outcome {
  readonly status: Status;
  /** What differs, why it is refused, why it was left out; empty when passed. */
  readonly reason: string;
}

export interface CaseResult {
  readonly name: string;
  readonly suite: string;
  readonly operators: readonly string[];
  /** Inputs that had to be constants. */
  readonly constants: readonly string[];
  readonly reference: Outcome | null;
  readonly device: Outcome | null;
}

export interface Machines {
  readonly reference: boolean;
  readonly device: Executor | null;
}

type Values = Readonly<Record<string, Tensor>>;

const PASSED: Outcome = { status: 'passed', reason: '' };

/** Multiplications the plain loops do in about 20 seconds. */
const MAX_REFERENCE_COST = 1.2e9;

/** Never throws: whatever a case does is its result. */
export async function runCase(each: ConformanceCase, machines: Machines): Promise<CaseResult> {
  const on = (outcome: Outcome) => ({
    reference: machines.reference ? outcome : null,
    device: machines.device === null ? null : outcome,
  });
  let operators: readonly string[] = [];
  let constants: readonly string[] = [];
  const result = (outcomes: Pick<CaseResult, 'reference' | 'device'>): CaseResult => ({
    name: each.name,
    suite: each.suite,
    operators,
    constants,
    ...outcomes,
  });
  try {
    const bytes = readModel(each);
    const onnx = readGraph(each, bytes);
    operators = operatorsOf(onnx);
    const odd = [...onnx.inputs, ...onnx.outputs].find(({ elementType }) => elementType === null);
    if (odd !== undefined)
      throw new ModelError(`"${odd.name}" is no tensor, but a sequence or optional`);
    let outcomes: Pick<CaseResult, 'reference' | 'device'> = on(PASSED);
    for (const folder of dataSetsOf(each)) {
      const data = readDataSet(folder, onnx);
      const bound = bindCase(each, bytes, data.inputs);
      constants = bound.constants;
      outcomes = worse(outcomes, await runBoth(bound, data, machines));
    }
    return result(outcomes);
  } catch (thrown) {
    return result(on(refusal(thrown)));
  }
}

async function runBoth(
  { graph }: BoundGraph,
  data: DataSet,
  { reference, device }: Machines,
): Promise<Pick<CaseResult, 'reference' | 'device'>> {
  const names = new Set(graph.inputs.map(({ name }) => name));
  const inputs = Object.fromEntries([...data.inputs].filter(([name]) => names.has(name)));
  return {
    reference: reference ? runReference(graph, inputs, data) : null,
    device: device === null ? null : await runDevice(device, graph, inputs, data),
  };
}

function runReference(graph: Graph, inputs: Values, data: DataSet): Outcome {
  const cost = graph.nodes.reduce((sum, node) => sum + costOf(graph, node), 0);
  if (cost > MAX_REFERENCE_COST) {
    const reason = `${(cost / 1e9).toFixed(1)} G products are too many for plain loops`;
    return { status: 'skipped', reason };
  }
  try {
    return judge(interpret(graph, inputs), data);
  } catch (thrown) {
    return { status: 'failed', reason: described(thrown) };
  }
}

/** Products that the plain loops of a node take: those of convolutions and matrix products count. */
function costOf(graph: Graph, node: Node): number {
  const size = (id: ValueId): number =>
    elementCount(typeOf(graph, id).shape.map((dim) => (typeof dim === 'number' ? dim : 1)));
  const count = size(node.output);
  if (node.kind === 'conv') {
    return count * elementCount(typeOf(graph, node.inputs.w).shape.slice(1) as number[]);
  }
  if (node.kind === 'matmul') {
    const inner = typeOf(graph, node.inputs.a).shape.at(node.attrs.transposeA ? -2 : -1);
    return count * (typeof inner === 'number' ? inner : 1);
  }
  return count;
}

async function runDevice(
  device: Executor,
  graph: Graph,
  inputs: Values,
  data: DataSet,
): Promise<Outcome> {
  try {
    return judge(await execute(device, graph, inputs), data);
  } catch (thrown) {
    return { status: 'failed', reason: described(thrown) };
  }
}

/** One run at exactly the sizes given. */
async function execute(device: Executor, graph: Graph, inputs: Values): Promise<Values> {
  const capacity: Record<string, number> = {};
  for (const { name, id } of graph.inputs) {
    const batch = findBatch(typeOf(graph, id).shape);
    if (batch === null) continue;
    capacity[batch.dim.symbol] = inputs[name]!.shape[batch.axis]! / batch.dim.times;
  }
  const program = await device.compile(graph, { capacity });
  try {
    for (const [name, value] of Object.entries(inputs)) program.write(name, value);
    for (const [symbol, extent] of Object.entries(capacity)) program.setExtent(symbol, extent);
    program.run();
    const read = await program.read(graph.outputs.map(({ name }) => name));
    const outputs = graph.outputs.map(({ name, id }): [string, Tensor] => {
      const shape = resolveShape(typeOf(graph, id).shape, capacity);
      const { dtype, data } = read[name]!;
      return [name, tensor(dtype, shape, data.slice(0, elementCount(shape)))];
    });
    return Object.fromEntries(outputs);
  } finally {
    program.dispose();
  }
}

function judge(came: Values, { outputs }: DataSet): Outcome {
  for (const { name, value, tolerance } of outputs) {
    const difference = findDifference(came[name]!, value, tolerance);
    if (difference !== null) return { status: 'failed', reason: `${name} ${difference}` };
  }
  return PASSED;
}

/** An import that refuses a model with a typed error supports it not; anything else is a failure. */
function refusal(thrown: unknown): Outcome {
  if (thrown instanceof UnsupportedOpError) {
    const reasons = thrown.nodes.map(({ operator, reason }) =>
      reason === undefined ? `${operator} is not known` : `${operator}: ${reason}`,
    );
    return { status: 'unsupported', reason: [...new Set(reasons)].join('; ') };
  }
  if (thrown instanceof EngineError) {
    return { status: 'unsupported', reason: thrown.message.split('\n')[0]! };
  }
  return { status: 'failed', reason: described(thrown) };
}

function described(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return `${name}: ${messageOf(thrown).split('\n')[0]!}`;
}

const ORDER: readonly Status[] = ['passed', 'skipped', 'unsupported', 'failed'];

type Outcomes = Pick<CaseResult, 'reference' | 'device'>;

/** Of two data sets the worse outcome stands for the case. */
function worse(a: Outcomes, b: Outcomes): Outcomes {
  const pick = (left: Outcome | null, right: Outcome | null): Outcome | null => {
    if (left === null || right === null) return left ?? right;
    return ORDER.indexOf(right.status) > ORDER.indexOf(left.status) ? right : left;
  };
  return { reference: pick(a.reference, b.reference), device: pick(a.device, b.device) };
}
