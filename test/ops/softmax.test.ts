import { expect, it } from 'vitest';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

it('softmax weighs by exponentials, without overflow', () => {
  const x = floatTensor([2, 2], [0, Math.log(3), 1000, 1000]);
  const y = evaluateOp('softmax', { x }, { axis: 1 });
  expect(y.data[0]).toBeCloseTo(0.25, 6);
  expect([...y.data.slice(2)]).toEqual([0.5, 0.5]);
});

it('softmax refuses an axis that x has not', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'float32', shape: [2, 2] });
  expect(() => builder.emit('softmax', { x }, { axis: 2 }, 'probabilities')).toThrow(
    'softmax "probabilities": x has no fixed axis 2\n  x: float32[2, 2]',
  );
});

checkGradients('softmax', [
  { name: 'the last axis', inputs: { x: randomTensor([3, 4], 1) }, attrs: { axis: -1 } },
  { name: 'a middle axis', inputs: { x: randomTensor([2, 3, 2], 1) }, attrs: { axis: 1 } },
]);
