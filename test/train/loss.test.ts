// The loss by hand, and that it stays finite where exponentials would not.
import { expect, it } from 'vitest';
import { floatTensor, intTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { Expressions } from '../../src-ts/ops/expressions.ts';
import { softmaxCrossEntropy } from '../../src-ts/train/loss.ts';
import { interpret } from '../reference/interpreter.ts';
import { N } from './tiny.ts';

function lossOf(logits: readonly number[][], labels: readonly number[]): Record<string, Tensor> {
  const b = new GraphBuilder();
  const classes = logits[0]!.length;
  const ids = [
    b.input('logits', { dtype: 'float32', shape: [N, classes] }),
    b.input('labels', { dtype: 'int32', shape: [N, 1] }),
    b.input('share', { dtype: 'float32', shape: [1] }),
  ] as const;
  for (const [name, id] of Object.entries(softmaxCrossEntropy(new Expressions(b), ...ids))) {
    b.output(name, id as never);
  }
  return interpret(b.finish(), {
    logits: floatTensor([logits.length, classes], logits.flat()),
    labels: intTensor([labels.length, 1], labels),
    share: floatTensor([1], [1 / labels.length]),
  });
}

it('is −log of the probability of the label, with its gradient', () => {
  const { each, wrong, cotangent } = lossOf(
    [
      [0, Math.log(3)],
      [0, Math.log(3)],
    ],
    [1, 0],
  );
  expect(each!.data[0]).toBeCloseTo(Math.log(4 / 3), 6);
  expect(each!.data[1]).toBeCloseTo(Math.log(4), 6);
  expect([...wrong!.data]).toEqual([0, 1]);
  const expected = [0.25, -0.25, -0.75, 0.75].map((value) => value / 2);
  for (const [k, value] of expected.entries()) expect(cotangent!.data[k]).toBeCloseTo(value, 6);
});

it('does not overflow', () => {
  const { each, cotangent } = lossOf([[1000, -1000, 0]], [1]);
  expect(each!.data[0]).toBe(2000);
  expect([...cotangent!.data]).toEqual([1, -1, 0]);
});
