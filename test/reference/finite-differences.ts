// Checks gradient rules without a GPU: the rule's graph, run by the interpreter, against central
// differences of the op itself, both in float64. For a random cotangent dy, the derivative of ⟨dy, y⟩
// with respect to each element of each input must be the rule's answer.
import { expect, it } from 'vitest';
import { resolveShape, findBatch } from '../../src-ts/core/shape.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { interpret } from './interpreter.ts';
import { randomTensor } from './random.ts';

export interface GradientCase<K extends OpKind> {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: OpAttrs<K>;
  /** Inputs to differentiate by; all float32 inputs when absent. */
  readonly wrt?: readonly string[];
}

const STEP = 1e-4; // errors of central differences: STEP² and 1e-16 / STEP
const TOLERANCE = 1e-6;

/** Declares one test for each case. */
export function checkGradients<K extends OpKind>(kind: K, cases: readonly GradientCase<K>[]): void {
  for (const each of cases) {
    it(`has the gradient of ${kind} that finite differences have: ${each.name}`, () => {
      checkGradient(kind, each);
    });
  }
}

function checkGradient<K extends OpKind>(kind: K, { inputs, attrs, wrt }: GradientCase<K>): void {
  const names = wrt ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'float32');
  const held = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, inDouble(x)]));
  const forward = buildForward(kind, held, attrs);
  const dy = randomTensor(interpret(forward, held)['y']!.shape, 99);
  const found = interpret(buildGradient(kind, held, attrs, names), { ...held, cotangent: dy });
  for (const name of names) {
    const expected = centralDifferences(forward, held, name, dy);
    const came = found[name]!;
    expect(came.shape, `shape of d${name}`).toEqual(held[name]!.shape);
    for (const [i, value] of expected.entries()) {
      const scale = Math.max(1, Math.abs(value));
      expect(Math.abs(came.data[i]! - value) / scale, `d${name}[${i}]`).toBeLessThan(TOLERANCE);
    }
  }
}

const inDouble = ({ dtype, shape, data }: Tensor): Tensor =>
  tensor(dtype, shape, dtype === 'float32' ? Float64Array.from(data) : data);

function enterInputs<K extends OpKind>(
  builder: GraphBuilder,
  inputs: Readonly<Record<string, Tensor>>,
): OpInputs<K> {
  const ids = Object.entries(inputs).map(([name, { dtype, shape }]): [string, ValueId] => [
    name,
    builder.input(name, { dtype, shape }),
  ]);
  return Object.fromEntries(ids) as unknown as OpInputs<K>;
}

function buildForward<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
): Graph {
  const builder = new GraphBuilder();
  builder.output('y', builder.emit(kind, enterInputs<K>(builder, inputs), attrs));
  return builder.finish();
}

function buildGradient<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
  names: readonly string[],
): Graph {
  const builder = new GraphBuilder();
  const ids = enterInputs<K>(builder, inputs);
  const output = builder.emit(kind, ids, attrs);
  const type = builder.typeOf(output);
  if (findBatch(type.shape) !== null) throw new Error('gradient cases have fixed shapes');
  const dy = builder.input('cotangent', { dtype: 'float32', shape: resolveShape(type.shape, {}) });
  const { vjp } = opDef(kind);
  if (vjp === 'not differentiable') throw new Error(`${kind} has no gradient rule`);
  const context = {
    emit: builder.emit.bind(builder),
    typeOf: builder.typeOf.bind(builder),
    constant: builder.constant.bind(builder),
    needs: (name: string) => names.includes(name),
  };
  const found = vjp({ inputs: ids, output, attrs }, dy, context);
  for (const name of names) {
    const id = found[name];
    if (id === undefined) throw new Error(`${kind} gives no gradient of ${name}`);
    builder.output(name, id);
  }
  return builder.finish();
}

/** The derivative of ⟨dy, y⟩ with respect to every element of an input. */
function centralDifferences(
  forward: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  name: string,
  dy: Tensor,
): number[] {
  const x = inputs[name]!;
  const product = (data: Float64Array): number => {
    const y = interpret(forward, { ...inputs, [name]: tensor(x.dtype, x.shape, data) })['y']!;
    return Array.from(y.data, (value, i) => value * dy.data[i]!).reduce(
      (sum, term) => sum + term,
      0,
    );
  };
  return Array.from(x.data, (value, i) => {
    const moved = (by: number): number =>
      product(Float64Array.from(x.data).fill(value + by, i, i + 1));
    return (moved(STEP) - moved(-STEP)) / (2 * STEP);
  });
}
