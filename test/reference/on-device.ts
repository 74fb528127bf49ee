// Holds kernels to the interpreter: the same one-op graph on the device and in plain loops.
import { expect } from 'vitest';
import {
  batchDim,
  elementCount,
  formatType,
  resolveShape,
  type TensorType,
} from '../../src-ts/core/shape.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { outputNamed, typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { interpret } from './interpreter.ts';

/** The kernels an adapter would choose: those of one-subgroup workgroups, or those of GPUs. */
export const FAMILIES = ['subgroup', 'tiled'] as const;
export type Family = (typeof FAMILIES)[number];

const opened = new Map<Family, Promise<Executor>>();

export function openFamily(family: Family): Promise<Executor> {
  const known = opened.get(family);
  if (known !== undefined) return known;
  const executor = openWebGpu(family === 'tiled' ? { traits: { subgroupLanes: null } } : {});
  opened.set(family, executor);
  return executor;
}

export interface DeviceCase<K extends OpKind> {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: OpAttrs<K>;
  /** Inputs whose first axis is a batch, with room for two rows more than it has. */
  readonly batched?: readonly string[];
  /** Inputs that are constants of the graph. */
  readonly constants?: readonly string[];
  /** Inputs read through a row table: each names the rows that the op sees. */
  readonly views?: Readonly<Record<string, readonly number[]>>;
  readonly tolerance?: number;
}

const SPARE = 2; // rows of capacity that stay unused

/** The graph of one op; the op's value is output `y`. */
export function buildCase<K extends OpKind>(kind: K, each: DeviceCase<K>): Graph {
  const builder = new GraphBuilder();
  const enter = (name: string, x: Tensor): ValueId => {
    if (each.constants?.includes(name) === true) return builder.constant(x);
    const view = each.views?.[name];
    const id = builder.input(name, typeIn(each, name, x, view === undefined ? 'N' : 'S'));
    if (view === undefined) return id;
    const index = builder.input(`${name}_rows`, { dtype: 'int32', shape: [batchDim('N')] });
    return builder.emit('rows', { x: id, index }, { axis: 0 });
  };
  const ids = Object.entries(each.inputs).map(([name, x]) => [name, enter(name, x)] as const);
  const inputs = Object.fromEntries(ids) as unknown as OpInputs<K>;
  builder.output('y', builder.emit(kind, inputs, each.attrs));
  return builder.finish();
}

function typeIn<K extends OpKind>(
  { batched, views }: DeviceCase<K>,
  name: string,
  { dtype, shape }: Tensor,
  symbol: string,
): TensorType {
  const isBatched = batched?.includes(name) === true || views?.[name] !== undefined;
  return { dtype, shape: isBatched ? [batchDim(symbol), ...shape.slice(1)] : shape };
}

function fed<K extends OpKind>({
  inputs,
  views = {},
  constants = [],
}: DeviceCase<K>): Record<string, Tensor> {
  const tables = Object.entries(views).map(([name, rows]) => [
    `${name}_rows`,
    tensor('int32', [rows.length], Int32Array.from(rows)),
  ]);
  const own = Object.entries(inputs).filter(([name]) => !constants.includes(name));
  return Object.fromEntries([...own, ...tables]) as Record<string, Tensor>;
}

/** Runs a graph once on the device; inputs with a batch have spare capacity. */
export async function runOnDevice(
  executor: Executor,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Tensor> {
  const extents: Record<string, number> = {};
  for (const { name, id } of graph.inputs) {
    const dim = graph.types.get(id)!.shape[0];
    if (typeof dim === 'object') extents[dim.symbol] = inputs[name]!.shape[0]! / dim.times;
  }
  const capacity = Object.fromEntries(
    Object.entries(extents).map(([symbol, extent]) => [symbol, extent + SPARE]),
  );
  const program = await executor.compile(graph, { capacity });
  for (const [name, value] of Object.entries(inputs)) program.write(name, value);
  for (const [symbol, extent] of Object.entries(extents)) program.setExtent(symbol, extent);
  program.run();
  const { y } = await program.read(['y']);
  program.dispose();
  const shape = resolveShape(typeOf(graph, outputNamed(graph, 'y')).shape, extents);
  return tensor(y!.dtype, shape, y!.data.slice(0, elementCount(shape)));
}

/** Expects the device to give what the interpreter gives, within `tolerance` of the largest value. */
export async function expectSameOnDevice<K extends OpKind>(
  family: Family,
  kind: K,
  each: DeviceCase<K>,
): Promise<void> {
  const graph = buildCase(kind, each);
  const inputs = fed(each);
  const came = await runOnDevice(await openFamily(family), graph, inputs);
  const expected = interpret(graph, inputs)['y']!;
  expect(came.shape).toEqual(expected.shape);
  const largest = Math.max(1, ...Array.from(expected.data, Math.abs));
  let worst = 0;
  let at = 0;
  for (const [i, value] of came.data.entries()) {
    const error = Math.abs(value - expected.data[i]!) / largest;
    if (error <= worst) continue;
    [worst, at] = [error, i];
  }
  const told = `${formatType(expected)}: element ${at} is ${came.data[at]!}, not ${expected.data[at]!}`;
  expect(came.data.some(Number.isNaN), `${told}; some are NaN`).toBe(false);
  expect(worst, told).toBeLessThanOrEqual(each.tolerance ?? 2e-6);
}
