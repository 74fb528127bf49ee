// The gradient rule of every op against central differences, and pairs folded into a batch against
// single ones; over random shapes, attributes and broadcasts, in plain loops and float64.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { floatTensor, scalar, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { Draw, drawOwners } from './draw.ts';
import {
  blockOf,
  canFold,
  describeCase,
  forwardGraph,
  gradientGraph,
  imagesOf,
  pairsOf,
  wrtOf,
  type OpCase,
} from './op-case.ts';
import { DIFFERENTIABLE, generatorOf, KINDS, TABLE } from './table.ts';

const SEED = 20260101;
const STEP = 1e-3;
const TOLERANCE = 1e-6;
const ELEMENTS = 16; // of each input, evenly spread

function forEachCase(
  kind: OpKind,
  numRuns: number,
  check: (each: OpCase<OpKind>, draw: Draw) => void,
): void {
  const generator = generatorOf(kind)!;
  const property = fc.property(fc.gen(), (source) => {
    const draw = new Draw(source);
    check(generator(draw), draw);
  });
  fc.assert(property, { seed: SEED, numRuns });
}

describe.each(DIFFERENTIABLE)('%s', (kind) => {
  const passesStraight = typeof TABLE[kind] === 'object';

  it(`has the gradient ${passesStraight ? 'of doing nothing' : 'that finite differences have'}`, () => {
    forEachCase(kind, 40, (each) => {
      const forward = forwardGraph(kind, each);
      const dy = randomTensor(interpret(forward, each.inputs)['y']!.shape, 99);
      const graph = gradientGraph(kind, each, 'fixed');
      const found = interpret(graph, { ...each.inputs, cotangent: dy });
      for (const name of wrtOf(each)) {
        const told = `d ${name} of ${describeCase(kind, each)}`;
        const came = found[`d ${name}`]!;
        expect(came.shape, told).toEqual(each.inputs[name]!.shape);
        if (passesStraight) expect([...came.data], told).toEqual([...dy.data]);
        else expectDifferences(kind, each, name, dy, came, told);
      }
    });
  });

  it('gives pairs folded into the batch what it gives each alone', () => {
    let folded = 0;
    forEachCase(kind, 30, (each, draw) => {
      if (!canFold(kind, each)) return;
      folded++;
      expectFolded(kind, each, drawOwners(draw, imagesOf(each)));
    });
    const canNot = kind === 'conv_weight_grad';
    if (!canNot) expect(folded, 'cases with a batch').toBeGreaterThan(5);
  });
});

function expectDifferences(
  kind: OpKind,
  each: OpCase<OpKind>,
  name: string,
  dy: Tensor,
  came: Tensor,
  told: string,
): void {
  const forward = forwardGraph(kind, each);
  const { dtype, shape, data } = each.inputs[name]!;
  const product = (at: number, by: number): number => {
    const moved = Float64Array.from(data).fill(data[at]! + by, at, at + 1);
    const { y } = interpret(forward, { ...each.inputs, [name]: tensor(dtype, shape, moved) });
    return Array.from(y!.data, (value, i) => value * dy.data[i]!).reduce((sum, x) => sum + x, 0);
  };
  const difference = (at: number, by: number): number =>
    (product(at, by) - product(at, -by)) / (2 * by);
  for (let at = 0; at < data.length; at += Math.ceil(data.length / ELEMENTS)) {
    // Two central differences, of which the error in STEP² falls out.
    const expected = (4 * difference(at, STEP) - difference(at, 2 * STEP)) / 3;
    const error = Math.abs(came.data[at]! - expected) / Math.max(1, Math.abs(expected));
    const numbers = `${came.data[at]!}, not ${expected}`;
    expect(error, `${told}: element ${at} is ${numbers}`).toBeLessThan(TOLERANCE);
  }
}

function expectFolded(kind: OpKind, each: OpCase<OpKind>, owners: readonly number[]): void {
  const { together, alone } = pairsOf(kind, each, owners);
  const found = interpret(gradientGraph(kind, each, 'folded'), together);
  const single = gradientGraph(kind, each, 'batched');
  const singles = alone.map((inputs) => interpret(single, inputs));
  for (const name of wrtOf(each)) {
    const told = `d ${name} of ${describeCase(kind, each)} for images ${owners.join(', ')}`;
    const came = found[`d ${name}`]!;
    const parts = singles.map((outputs) => outputs[`d ${name}`]!);
    if (each.batched.includes(name)) {
      for (const [pair, part] of parts.entries()) {
        const block = blockOf(came, 0, pair, 1);
        expect(block.shape, told).toEqual(part.shape);
        expect([...block.data], `${told}: pair ${pair}`).toEqual([...part.data]);
      }
      continue;
    }
    // What the images share gets the sum over the pairs.
    expect(came.shape, told).toEqual(each.inputs[name]!.shape);
    for (const [i, value] of came.data.entries()) {
      const sum = parts.reduce((total, part) => total + part.data[i]!, 0);
      expect(Math.abs(value - sum), `${told}: element ${i}`).toBeLessThan(
        1e-12 * (1 + Math.abs(sum)),
      );
    }
  }
}

it('lets nothing through a cast to integers and back', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'float32', shape: [2] });
  const whole = builder.emit('cast', { x }, { to: 'int32' });
  const y = builder.emit('cast', { x: whole }, { to: 'float32' });
  const cotangent = builder.input('cotangent', { dtype: 'float32', shape: [2] });
  const [dx] = gradient(builder, { seeds: [{ of: y, cotangent }], wrt: [x] });
  builder.output('d x', dx!);
  const inputs = { x: floatTensor([2], [1.5, -2.5]), cotangent: floatTensor([2], [1, 2]) };
  expect([...interpret(builder.finish(), inputs)['d x']!.data]).toEqual([0, 0]);
});

describe('the table', () => {
  it.each(KINDS.filter((kind) => TABLE[kind] === 'not differentiable'))(
    'has %s among the ops without a gradient, as the op itself says',
    (kind) => {
      expect(opDef(kind).vjp).toBe('not differentiable');
    },
  );

  it.each(KINDS.filter((kind) => TABLE[kind] !== 'not differentiable'))(
    'has %s among the ops with a gradient, as the op itself says',
    (kind) => {
      expect(opDef(kind).vjp).not.toBe('not differentiable');
    },
  );

  it.each(KINDS.filter((kind) => TABLE[kind] === 'zero'))(
    'lets no cotangent through %s',
    (kind) => {
      const { vjp } = opDef<OpKind>(kind);
      if (vjp === 'not differentiable') throw new Error(`${kind} has no gradient`);
      const builder = new GraphBuilder();
      const id = (): ValueId => builder.constant(scalar(1));
      const inputs = { x: id(), a: id(), b: id() } as unknown as OpInputs<OpKind>;
      const context = {
        emit: builder.emit.bind(builder),
        typeOf: builder.typeOf.bind(builder),
        constant: builder.constant.bind(builder),
        needs: () => true,
      };
      const attrs = { min: 0, max: 1, positive: true, negative: true };
      expect(vjp({ inputs, output: id(), attrs }, id(), context)).toEqual({});
      expect(builder.nodes).toEqual([]);
    },
  );
});
