// Gradients of whole graphs: against central differences, and K cotangents folded into the batch
// against K single ones. All in the interpreter, in float64.
import { describe, expect, it } from 'vitest';
import { NotDifferentiableError } from '../../src-ts/core/errors.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { formatGraph } from '../../src-ts/graph/print.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { buildGradient, CLASSES, IMAGE, NETWORKS, rowsOf } from './networks.ts';

const STEP = 1e-5;

describe.each(Object.keys(NETWORKS))('%s', (name) => {
  it('has the gradients by image and parameters that finite differences have', () => {
    const { graph, weights } = buildGradient(name, { folded: false, parameters: true });
    const inputs: Record<string, Tensor> = {
      image: randomTensor([2, ...IMAGE], 1),
      cotangent: randomTensor([2, CLASSES], 2),
      ...weights,
    };
    const found = interpret(graph, inputs);
    const product = (key: string, at: number, by: number): number => {
      const { dtype, shape, data } = inputs[key]!;
      const moved = Float64Array.from(data).fill(data[at]! + by, at, at + 1);
      const { logits } = interpret(graph, { ...inputs, [key]: tensor(dtype, shape, moved) });
      const dy = inputs['cotangent']!.data;
      return Array.from(logits!.data, (y, k) => y * dy[k]!).reduce((sum, term) => sum + term, 0);
    };
    for (const key of ['image', ...Object.keys(weights)]) {
      const came = found[`d ${key}`]!;
      expect(came.shape, key).toEqual(inputs[key]!.shape);
      const stride = Math.ceil(came.data.length / 12); // a dozen elements of each
      for (let at = 0; at < came.data.length; at += stride) {
        const expected = (product(key, at, STEP) - product(key, at, -STEP)) / (2 * STEP);
        expect(Math.abs(came.data[at]! - expected), `d ${key}[${at}]`).toBeLessThan(1e-7);
      }
    }
  });

  it.each([
    ['K for each image', [0, 0, 0, 1, 1, 1, 2, 2, 2]],
    ['in any order, unevenly many', [2, 0, 2, 2, 1, 2]],
    ['of one image only', [1, 1]],
    ['one', [2]],
  ])('pairs folded into the batch equal single gradients exactly: %s', (_, owners) => {
    const image = randomTensor([3, ...IMAGE], 3);
    const cotangent = randomTensor([owners.length, CLASSES], 4);
    const owner = intTensor([owners.length], owners);
    const folded = buildGradient(name, { folded: true, parameters: false }).graph;
    const single = buildGradient(name, { folded: false, parameters: false }).graph;
    const together = interpret(folded, { image, cotangent, owner })['d image']!;
    expect(together.shape).toEqual([owners.length, ...IMAGE]);
    const size = together.data.length / owners.length;
    for (const [pair, row] of owners.entries()) {
      const alone = interpret(single, {
        image: rowsOf(image, [row]),
        cotangent: rowsOf(cotangent, [pair]),
      })['d image']!;
      expect([...together.data.slice(pair * size, (pair + 1) * size)]).toEqual([...alone.data]);
    }
  });

  it('sums parameter gradients over the pairs', () => {
    const owners = [1, 0, 1];
    const image = randomTensor([2, ...IMAGE], 5);
    const cotangent = randomTensor([3, CLASSES], 6);
    const folded = buildGradient(name, { folded: true, parameters: true });
    const single = buildGradient(name, { folded: false, parameters: true });
    const owner = intTensor([3], owners);
    const came = interpret(folded.graph, { image, cotangent, owner, ...folded.weights });
    // The same three pairs as three images.
    const images = rowsOf(image, owners);
    const expected = interpret(single.graph, { image: images, cotangent, ...single.weights });
    for (const key of Object.keys(folded.weights)) {
      expect(came[`d ${key}`]!.shape).toEqual(expected[`d ${key}`]!.shape);
      for (const [i, value] of came[`d ${key}`]!.data.entries()) {
        expect(value, `d ${key}[${i}]`).toBeCloseTo(expected[`d ${key}`]!.data[i]!, 12);
      }
    }
  });
});

describe('gradient', () => {
  const build = (): { b: GraphBuilder; x: ValueId; w: ValueId } => {
    const b = new GraphBuilder();
    const x = b.input('x', { dtype: 'float32', shape: [batchDim('N'), 2] });
    return { b, x, w: b.constant(floatTensor([2], [3, 5])) };
  };
  const ones = (b: GraphBuilder): ValueId =>
    b.input('dy', { dtype: 'float32', shape: [batchDim('N'), 2] });

  it('appends ordinary nodes, as few as needed', () => {
    const { b, x, w } = build();
    const y = b.emit('mul', { a: b.emit('relu', { x }, {}, 'act'), b: w }, {}, 'scale');
    const [dx] = gradient(b, { seeds: [{ of: y, cotangent: ones(b) }], wrt: [x] });
    b.output('dx', dx!);
    expect(formatGraph(b.finish())).toBe(
      [
        '%0 = input "x" : float32[N, 2]',
        '%4 = input "dy" : float32[N, 2]',
        '%1 = constant : float32[2]',
        '%2 = relu(x %0) : float32[N, 2]  # act',
        '%3 = mul(a %2, b %1) : float32[N, 2]  # scale',
        '%5 = mul(a %4, b %1) : float32[N, 2]  # scale',
        '%6 = step(x %2) : float32[N, 2]  # act',
        '%7 = mul(a %5, b %6) : float32[N, 2]  # act',
        'output "dx" = %7',
      ].join('\n'),
    );
  });

  it('adds up several uses and several seeds', () => {
    const { b, x, w } = build();
    const y = b.emit('mul', { a: x, b: x }, {});
    const z = b.emit('mul', { a: x, b: w }, {});
    const dy = ones(b);
    const seeds = [
      { of: y, cotangent: dy },
      { of: z, cotangent: dy },
    ];
    const [dx] = gradient(b, { seeds, wrt: [x] });
    b.output('dx', dx!);
    const inputs = { x: floatTensor([1, 2], [7, -1]), dy: floatTensor([1, 2], [1, 10]) };
    expect([...interpret(b.finish(), inputs)['dx']!.data]).toEqual([14 + 3, -20 + 50]);
  });

  it('is null where no path leads', () => {
    const { b, x, w } = build();
    const other = b.input('other', { dtype: 'float32', shape: [2] });
    const y = b.emit('mul', { a: x, b: w }, {});
    const flat = b.emit('sign', { x }, {});
    const found = gradient(b, { seeds: [{ of: y, cotangent: ones(b) }], wrt: [other, x, w] });
    expect(found.map((id) => id === null)).toEqual([true, false, false]);
    expect(gradient(b, { seeds: [{ of: flat, cotangent: found[1]! }], wrt: [x] })).toEqual([null]);
  });

  it('names the node that has no gradient', () => {
    const { b, x } = build();
    const at = b.emit('argmax', { x }, {}, 'head.argmax');
    const y = b.emit('mul', { a: b.emit('cast', { x: at }, { to: 'float32' }), b: x }, {});
    const act = (): unknown => gradient(b, { seeds: [{ of: y, cotangent: ones(b) }], wrt: [x] });
    expect(act).toThrow(NotDifferentiableError);
    expect(act).toThrow('argmax "head.argmax" has no gradient, and the output depends on it');
  });

  it('passes by nodes without a gradient that do not depend on what is asked for', () => {
    const { b, x, w } = build();
    const at = b.emit('argmax', { x: w }, {}, 'of a constant');
    const y = b.emit('mul', { a: x, b: b.emit('cast', { x: at }, { to: 'float32' }) }, {});
    const [dx] = gradient(b, { seeds: [{ of: y, cotangent: ones(b) }], wrt: [x] });
    b.output('dx', dx!);
    const inputs = { x: floatTensor([1, 2], [7, -1]), dy: floatTensor([1, 2], [2, 3]) };
    expect([...interpret(b.finish(), inputs)['dx']!.data]).toEqual([2, 3]);
  });
});
