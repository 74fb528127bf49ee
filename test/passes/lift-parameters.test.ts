// Which constants training changes, and that lifting them changes nothing else.
import { expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { liftParameters, lowerParameters } from '../../src-ts/passes/lift-parameters.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { tinyNetwork } from '../train/tiny.ts';

it('lifts weights and biases and leaves the normalisation', () => {
  const { parameters, frozen } = liftParameters(tinyNetwork());
  expect(parameters.map(({ name, value }) => `${name} [${value.shape.join(', ')}]`)).toEqual([
    'conv.weight [4, 2, 3, 3]',
    'conv.bias [4]',
    'hidden.weight [36, 8]',
    'hidden.bias [8]',
    'out.weight [8, 3]',
    'out.bias [3]',
  ]);
  expect(frozen).toBe(4); // mean and deviation of two channels
});

it('puts values back where they were', () => {
  const graph = tinyNetwork();
  const lifted = liftParameters(graph);
  const values = Object.fromEntries(lifted.parameters.map(({ name, value }) => [name, value]));
  const image = randomTensor([2, 2, 6, 6], 1);
  const again = lowerParameters(lifted.graph, values);
  expect(interpret(again, { image })).toEqual(interpret(graph, { image }));
  expect(interpret(lifted.graph, { image, ...values })).toEqual(interpret(graph, { image }));
  expect(() => lowerParameters(lifted.graph, { nothing: image })).toThrow(
    '1 parameters are no inputs',
  );
});

it('lifts shared weights once, and none that have another use too', () => {
  const b = new GraphBuilder();
  const x = b.input('image', { dtype: 'float32', shape: [batchDim('N'), 3] });
  const shared = b.constant(floatTensor([3, 3], new Float32Array(9).fill(1)));
  const mixed = b.constant(floatTensor([3, 3], new Float32Array(9).fill(2)));
  const plain = { transposeA: false, transposeB: false };
  const once = b.emit('matmul', { a: x, b: shared }, plain, 'tied');
  const twice = b.emit('matmul', { a: once, b: shared }, plain, 'tied');
  const last = b.emit('matmul', { a: twice, b: mixed }, plain, 'mixed');
  b.output('logits', last);
  b.output('square', b.emit('mul', { a: mixed, b: mixed }, {}));
  const { parameters, frozen } = liftParameters(b.finish());
  expect(parameters.map(({ name }) => name)).toEqual(['tied.weight']);
  expect(frozen).toBe(9);
});
