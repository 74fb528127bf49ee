import { expect, it } from 'vitest';
import { uniformAt } from '../../src-ts/core/random.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { intTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { evaluateOp } from '../reference/interpreter.ts';

it('random_uniform is a function of seed, salt and place', () => {
  const seed = intTensor([1], [42]);
  const y = evaluateOp('random_uniform', { seed }, { shape: [2, 3], salt: 7 });
  expect([...y.data]).toEqual(Array.from({ length: 6 }, (_, i) => uniformAt([42, 7], i)));
  const other = evaluateOp('random_uniform', { seed }, { shape: [2, 3], salt: 8 });
  expect([...other.data]).not.toEqual([...y.data]);
});

it('random_uniform refuses a seed that is not one int32', () => {
  const builder = new GraphBuilder();
  const seed = builder.input('seed', { dtype: 'float32', shape: [1] });
  const attrs = { shape: [batchDim('N'), 3], salt: 0 };
  expect(() => builder.emit('random_uniform', { seed }, attrs, 'mask')).toThrow(
    'random_uniform "mask": the seed must be one int32\n  seed: float32[1]',
  );
});

it('dropout does nothing, and lets its cotangent pass', () => {
  const x = intTensor([2], [1, 2]);
  expect([...evaluateOp('dropout', { x }, { ratio: 0.9 }).data]).toEqual([1, 2]);
});
