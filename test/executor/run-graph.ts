// Runs a whole graph once on a device, all outputs read back in the shapes of their live rows.
import { expect } from 'vitest';
import {
  elementCount,
  findBatch,
  formatType,
  resolveShape,
  type Extents,
} from '../../src-ts/core/shape.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import { interpret } from '../reference/interpreter.ts';

/**
 * The outputs by name. Symbols that inputs carry get `spare` rows of capacity beyond the rows given;
 * `made` are capacities of symbols that the graph makes itself. With spare rows, batches must lead.
 */
export async function runGraph(
  executor: Executor,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  { spare = 0, made = {} }: { spare?: number; made?: Extents } = {},
): Promise<Record<string, Tensor>> {
  const extents: Record<string, number> = {};
  for (const { name, id } of graph.inputs) {
    const batch = findBatch(typeOf(graph, id).shape);
    if (batch === null) continue;
    extents[batch.dim.symbol] = inputs[name]!.shape[batch.axis]! / batch.dim.times;
  }
  const roomy = Object.entries(extents).map(([symbol, extent]) => [symbol, extent + spare]);
  const capacity = { ...(Object.fromEntries(roomy) as Extents), ...made };
  const program = await executor.compile(graph, { capacity });
  for (const [name, value] of Object.entries(inputs)) program.write(name, value);
  for (const [symbol, extent] of Object.entries(extents)) program.setExtent(symbol, extent);
  program.run();
  const names = graph.outputs.map(({ name }) => name);
  const read = await program.read(names);
  const live = { ...extents, ...(await program.readExtents(Object.keys(made))) };
  program.dispose();
  const outputs = graph.outputs.map(({ name, id }): [string, Tensor] => {
    const shape = resolveShape(typeOf(graph, id).shape, live);
    const { dtype, data } = read[name]!;
    return [name, tensor(dtype, shape, data.slice(0, elementCount(shape)))];
  });
  return Object.fromEntries(outputs);
}

/** Expects every output to be what the interpreter gives, within `tolerance` of its largest value. */
export async function expectAsInterpreted(
  executor: Executor,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  options: { spare?: number; made?: Extents; tolerance?: number } = {},
): Promise<Record<string, Tensor>> {
  const came = await runGraph(executor, graph, inputs, options);
  const expected = interpret(graph, inputs);
  for (const [name, want] of Object.entries(expected)) {
    const got = came[name]!;
    expect(formatType(got), name).toBe(formatType(want));
    const scale = Math.max(1e-6, ...Array.from(want.data, Math.abs));
    const errors = Array.from(got.data, (value, i) => Math.abs(value - want.data[i]!) / scale);
    const worst = Math.max(0, ...errors);
    const at = errors.indexOf(worst);
    const told = `${name}[${at}] is ${got.data[at] ?? 'absent'}, not ${want.data[at] ?? 'absent'}`;
    expect(worst, told).toBeLessThanOrEqual(options.tolerance ?? 2e-6);
  }
  return came;
}
