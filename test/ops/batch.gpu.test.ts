// Row kernels, held to the interpreter.
import { beforeAll, describe, expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { openFamily } from '../reference/on-device.ts';
import { randomTensor, seededRandom } from '../reference/random.ts';

const N = batchDim('N');
const P = batchDim('P');
const exact = { spare: 3, tolerance: 0 };
let executor: Executor;
beforeAll(async () => {
  executor = await openFamily('tiled');
});

describe('rows that are copied', () => {
  it.each([
    ['short rows', [4, 3], 0],
    ['rows of 8', [4, 8], 0],
    ['images', [4, 2, 3, 3], 0],
    ['an axis within', [5, 4, 3], 1],
  ])('%s', async (_, shape, axis) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape });
    const index = builder.input('index', { dtype: 'int32', shape: [6] });
    builder.output('y', builder.emit('rows', { x, index }, { axis }));
    const inputs = { x: randomTensor(shape, 1), index: intTensor([6], [3, 0, 0, 2, 1, 3]) };
    await expectAsInterpreted(executor, builder.finish(), inputs, exact);
  });

  it('a view of a view', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [N, 4] });
    const outer = builder.input('outer', { dtype: 'int32', shape: [batchDim('M')] });
    const inner = builder.input('inner', { dtype: 'int32', shape: [P] });
    const seen = builder.emit('rows', { x, index: outer }, { axis: 0 });
    const twice = builder.emit('rows', { x: seen, index: inner }, { axis: 0 });
    builder.output('y', builder.emit('neg', { x: twice }, {}));
    const tables = { outer: intTensor([2], [3, 1]), inner: intTensor([3], [1, 0, 1]) };
    await expectAsInterpreted(
      executor,
      builder.finish(),
      { x: randomTensor([4, 4], 1), ...tables },
      exact,
    );
  });
});

describe('update_rows', () => {
  it.each([
    ['numbers', []],
    ['short rows', [3]],
    ['images', [2, 4]],
  ])('replaces %s and keeps the rest', async (_, row) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [N, ...row] });
    const index = builder.input('index', { dtype: 'int32', shape: [P] });
    const rows = builder.input('rows', { dtype: 'float32', shape: [P, ...row] });
    builder.output('y', builder.emit('update_rows', { x, index, rows }, {}));
    builder.output('still x', builder.emit('neg', { x }, {}));
    const inputs = {
      x: randomTensor([6, ...row], 1),
      index: intTensor([3], [4, 0, 5]),
      rows: randomTensor([3, ...row], 2),
    };
    await expectAsInterpreted(executor, builder.finish(), inputs, exact);
  });
});

describe('compact', () => {
  const compact = async (count: number, keep: (i: number) => boolean): Promise<void> => {
    const builder = new GraphBuilder();
    const values = builder.input('values', { dtype: 'int32', shape: [N] });
    const flag = builder.input('keep', { dtype: 'bool', shape: [N] });
    const kept = builder.emit('compact', { values, keep: flag }, { symbol: 'M' });
    builder.output('kept', kept);
    const doubled = builder.emit('mul', { a: kept, b: builder.constant(intTensor([1], [2])) }, {});
    builder.output('doubled', doubled);
    const order = Int32Array.from({ length: count }, (_, i) => (i * 37) % 1001);
    const flags = Int32Array.from({ length: count }, (_, i) => Number(keep(i)));
    const inputs = {
      values: tensor('int32', [count], order),
      keep: tensor('bool', [count], flags),
    };
    const options = { ...exact, made: { M: count + 3 } };
    const came = await expectAsInterpreted(executor, builder.finish(), inputs, options);
    const expected = [...order].filter((_, i) => keep(i));
    expect([...came['kept']!.data]).toEqual(expected);
    expect([...came['doubled']!.data]).toEqual(expected.map((value) => 2 * value));
  };

  it('keeps none, one, all', async () => {
    await compact(5, () => false);
    await compact(5, (i) => i === 3);
    await compact(5, () => true);
    await compact(64, () => true);
  });

  it('keeps the order of more values than a workgroup has threads', async () => {
    const random = seededRandom(5);
    const coins = Array.from({ length: 300 }, () => random() < 0.4);
    await compact(300, (i) => coins[i]!);
    await compact(65, (i) => i === 64);
    await compact(129, (i) => i !== 64);
  });
});

describe('take_along', () => {
  const attrs = {};
  const x = randomTensor([4, 7], 1);
  const picks = intTensor([4, 2], [6, 0, 3, 3, 2, 5, 1, 4]);

  it('picks within each row', async () => {
    const builder = new GraphBuilder();
    const ids = {
      x: builder.input('x', { dtype: 'float32', shape: [N, 7] }),
      index: builder.input('index', { dtype: 'int32', shape: [N, 2] }),
    };
    builder.output('y', builder.emit('take_along', ids, attrs));
    await expectAsInterpreted(executor, builder.finish(), { x, index: picks }, exact);
  });

  it('picks within rows seen through tables, of both operands', async () => {
    const builder = new GraphBuilder();
    const view = (
      name: string,
      dtype: Tensor['dtype'],
      width: number,
    ): ReturnType<typeof builder.input> =>
      builder.emit(
        'rows',
        { x: builder.input(name, { dtype, shape: [N, width] }), index: owner },
        { axis: 0 },
      );
    const owner = builder.input('owner', { dtype: 'int32', shape: [P] });
    const ids = { x: view('x', 'float32', 7), index: view('index', 'int32', 2) };
    builder.output('y', builder.emit('take_along', ids, attrs));
    const tables = { owner: intTensor([5], [3, 3, 0, 1, 2]) };
    await expectAsInterpreted(executor, builder.finish(), { x, index: picks, ...tables }, exact);
  });
});

it('iota counts along a fixed size and a live one', async () => {
  const builder = new GraphBuilder();
  const like = builder.input('like', { dtype: 'int32', shape: [N] });
  builder.output('fixed', builder.emit('iota', {}, { size: 100 }));
  const live = builder.emit('iota', {}, { size: N });
  builder.output('live', builder.emit('add', { a: live, b: like }, {}));
  const inputs = { like: intTensor([5], [0, 0, 0, 0, 10]) };
  const came = await expectAsInterpreted(executor, builder.finish(), inputs, exact);
  expect([...came['live']!.data]).toEqual([0, 1, 2, 3, 14]);
});
