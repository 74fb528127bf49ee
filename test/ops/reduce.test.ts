import { describe, expect, it } from 'vitest';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp, interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

describe('reductions', () => {
  const x = floatTensor([2, 3], [1, 5, 3, -2, 8, 0]);

  it('keep the reduced axes with size 1', () => {
    const y = evaluateOp('reduce_sum', { x }, { axes: [1] });
    expect(y.shape).toEqual([2, 1]);
    expect([...y.data]).toEqual([9, 6]);
  });

  it('find the largest and the smallest', () => {
    expect([...evaluateOp('reduce_max', { x }, { axes: [0] }).data]).toEqual([1, 8, 3]);
    expect([...evaluateOp('reduce_min', { x }, { axes: [0, 1] }).data]).toEqual([-2]);
  });

  it('refuse an axis that x has not', () => {
    const builder = new GraphBuilder();
    const id = builder.input('x', { dtype: 'float32', shape: [2, 3] });
    expect(() => builder.emit('reduce_sum', { x: id }, { axes: [2] }, 'gap')).toThrow(
      'reduce_sum "gap": x has no axis 2\n  x: float32[2, 3]',
    );
  });

  it('share the gradient among equal maxima', () => {
    const ties = floatTensor([1, 4], [7, 1, 7, 0]);
    const builder = new GraphBuilder();
    const id = builder.input('x', { dtype: 'float32', shape: [1, 4] });
    const output = builder.emit('reduce_max', { x: id }, { axes: [1] });
    const dy = builder.input('dy', { dtype: 'float32', shape: [1, 1] });
    const { vjp } = opDef('reduce_max');
    if (vjp === 'not differentiable') throw new Error('reduce_max has no gradient');
    const context = {
      emit: builder.emit.bind(builder),
      typeOf: builder.typeOf.bind(builder),
      constant: builder.constant.bind(builder),
      needs: () => true,
    };
    const { x: dx } = vjp({ inputs: { x: id }, output, attrs: { axes: [1] } }, dy, context);
    builder.output('dx', dx!);
    const found = interpret(builder.finish(), { x: ties, dy: floatTensor([1, 1], [6]) });
    expect([...found['dx']!.data]).toEqual([3, 0, 3, 0]);
  });
});

describe('indices', () => {
  const x = floatTensor([2, 4], [3, 9, 9, 1, NaN, -1, -1, 0]);

  it('are of the largest and smallest, the lowest on ties; NaN never wins', () => {
    expect([...evaluateOp('argmax', { x }, {}).data]).toEqual([1, 3]);
    expect([...evaluateOp('argmin', { x }, {}).data]).toEqual([3, 1]);
  });

  it('are in order of size for top_k', () => {
    expect([...evaluateOp('top_k', { x }, { k: 3 }).data]).toEqual([1, 2, 0, 3, 1, 2]);
  });

  it('are the highest on ties when asked', () => {
    const last = { selectLast: true };
    expect([...evaluateOp('argmax', { x }, last).data]).toEqual([2, 3]);
    expect([...evaluateOp('argmin', { x }, last).data]).toEqual([3, 2]);
  });

  it('are of the smallest elements when asked', () => {
    const attrs = { k: 3, smallest: true };
    expect([...evaluateOp('top_k', { x }, attrs).data]).toEqual([3, 0, 1, 1, 2, 3]);
  });

  it('are refused where there are fewer elements', () => {
    const builder = new GraphBuilder();
    const id = builder.input('x', { dtype: 'float32', shape: [2, 4] });
    expect(() => builder.emit('top_k', { x: id }, { k: 5 })).toThrow(
      'top_k: asks for 5 of 4 elements\n  x: float32[2, 4]',
    );
  });

  it('have no gradient', () => {
    for (const kind of ['argmax', 'argmin', 'top_k'] as const) {
      expect(opDef(kind).vjp).toBe('not differentiable');
    }
  });
});

const x = randomTensor([2, 3, 4], 1);
const withZeros = floatTensor([3, 3], [2, -3, 0.5, 0, 4, 3, 0, 0, 5]);
it('multiplies', () => {
  expect([...evaluateOp('reduce_prod', { x: withZeros }, { axes: [1] }).data]).toEqual([-3, 0, 0]);
});
checkGradients('reduce_prod', [
  { name: 'no, one and two zeros', inputs: { x: withZeros }, attrs: { axes: [1] } },
  { name: 'two axes', inputs: { x }, attrs: { axes: [0, 2] } },
]);
checkGradients('reduce_sum', [{ name: 'axes apart', inputs: { x }, attrs: { axes: [0, 2] } }]);
checkGradients('reduce_max', [{ name: 'one axis', inputs: { x }, attrs: { axes: [1] } }]);
checkGradients('reduce_min', [{ name: 'two axes', inputs: { x }, attrs: { axes: [1, 2] } }]);
