// The functions of the pointwise kernels, to the digits of the result: builtins of drivers may have none
// near 0, where an error is measured here against the value and not against the largest one.
import { describe, expect, it } from 'vitest';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpKind } from '../../src-ts/graph/op-set.ts';
import { interpret } from '../reference/interpreter.ts';
import { buildCase, expectSameOnDevice, openFamily, runOnDevice } from '../reference/on-device.ts';

const SMALLEST = 1.2e-38; // below, float32 has few digits, and devices may have none
const DIGITS = 1e-5;

async function expectDigits<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
): Promise<void> {
  const graph = buildCase(kind, { inputs, attrs });
  const came = await runOnDevice(await openFamily('tiled'), graph, inputs);
  const expected = interpret(graph, inputs)['y']!;
  let [worst, at] = [0, 0];
  for (const [i, value] of expected.data.entries()) {
    if (Math.abs(value) < SMALLEST || Math.abs(value) > 3e38 || Number.isNaN(value)) continue;
    const error = Math.abs(came.data[i]! - value) / Math.abs(value);
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  const read = Object.values(inputs).map(({ data }) => data[at]);
  const told = `${kind}(${read.join(', ')}) is ${came.data[at]}, not ${expected.data[at]}`;
  expect(worst, told).toBeLessThan(DIGITS);
}

/** Numbers of both signs from 1e-9 to `most`, evenly spread in their logarithm; `count` of them. */
function spread(most: number, count = 1024): Tensor {
  const step = Math.log(most / 1e-9) / (count / 2);
  const values = Array.from({ length: count / 2 }, (_, i) => 1e-9 * Math.exp((i + 1) * step));
  return floatTensor([count], [...values, ...values.map((v) => -v)]);
}

const of = (x: Tensor, map: (v: number) => number): Tensor =>
  floatTensor(
    x.shape,
    Array.from(x.data, (v) => map(v)),
  );

/** Vectors of 1023 numbers go one by one, those of 1024 in fours. */
describe.each([1023, 1024])('functions of %i numbers', (count) => {
  const cut = (x: Tensor): Tensor => floatTensor([count], x.data.slice(0, count));

  it.each([
    ['erf', 5],
    ['softplus', 80],
    ['tanh', 20],
    ['sigmoid', 80],
    ['exp', 80],
    ['sinh', 88],
    ['cosh', 88],
    ['asin', 1],
    ['acos', 0.99],
    ['atan', 1e9],
    ['asinh', 1e20],
    ['atanh', 0.999],
    ['sin', 3],
    ['tan', 1.5],
  ] as const)('%s up to %f', async (kind, most) => {
    await expectDigits(kind, { x: cut(spread(most)) }, {});
  });

  it('log, of numbers near 1 too', async () => {
    const x = cut(spread(1e37));
    await expectDigits('log', { x: of(x, Math.abs) }, {});
    await expectDigits('log', { x: of(cut(spread(0.5)), (v) => 1 + v) }, {});
    await expectDigits('acosh', { x: of(x, (v) => 1 + Math.abs(v)) }, {});
  });

  it('elu', async () => {
    await expectDigits('elu', { x: cut(spread(50)) }, { alpha: 0.7 });
  });

  it('pow and power', async () => {
    const a = of(cut(spread(1e6)), Math.abs);
    const b = of(cut(spread(3)), (v) => 5 * Math.sin(1e9 * v));
    await expectDigits('pow', { a, b }, {});
    await expectDigits('power', { x: of(a, (v) => Math.cbrt(v)) }, { exponent: 11 });
    await expectDigits('power', { x: of(cut(spread(0.1)), (v) => 1 + v) }, { exponent: 300.5 });
    await expectDigits('pow', { a: of(b, (v) => 4 * v), b: of(a, (v) => Math.round(v) % 7) }, {});
  });
});

const odd = floatTensor([8], [NaN, Infinity, -Infinity, 1, -1, 0, 3e38, 0.5]);

describe('exactly', () => {
  const x = floatTensor([8], [-2.5, -1.5, -0.4, 0.5, 1.5, 2.5, 2.6, 7]);
  it.each(['floor', 'ceil', 'round'] as const)('%s', async (kind) => {
    await expectSameOnDevice('tiled', kind, { inputs: { x }, attrs: {}, tolerance: 0 });
  });

  const same = async <K extends OpKind>(kind: K, inputs: object, attrs: OpAttrs<K>) => {
    const given = inputs as Record<string, Tensor>;
    const graph = buildCase(kind, { inputs: given, attrs });
    const came = await runOnDevice(await openFamily('tiled'), graph, given);
    expect([...came.data]).toEqual(Array.from(interpret(graph, given)['y']!.data, Math.fround));
  };

  it('what is not finite', async () => {
    await same('is_nan', { x: odd }, {});
    for (const positive of [true, false]) {
      for (const negative of [true, false])
        await same('is_inf', { x: odd }, { positive, negative });
    }
    await same('clip', { x: odd }, { min: -Infinity, max: Infinity });
  });

  it('logarithms and functions of what is not finite', async () => {
    const few = floatTensor([5], [NaN, Infinity, -Infinity, -1, 0]);
    await same('log', { x: floatTensor([6], [...few.data, 1]) }, {});
    await same('tanh', { x: floatTensor([4], [NaN, Infinity, -Infinity, 0]) }, {});
    await same('erf', { x: floatTensor([4], [NaN, Infinity, -Infinity, 0]) }, {});
    await same('softplus', { x: floatTensor([3], [NaN, Infinity, -Infinity]) }, {});
  });

  it('powers of zeros, of infinities and of negative numbers', async () => {
    const a = floatTensor([12], [0, 0, 0, -2, -2, -2, Infinity, Infinity, 1, 5, NaN, -Infinity]);
    const b = floatTensor([12], [0, 2, -2, 3, 2, 0.5, 2, -1, NaN, 0, 2, 3]);
    await same('pow', { a, b }, {});
  });

  it('a constant that is not finite', async () => {
    const condition = tensor('bool', [4], Int32Array.of(1, 0, 1, 0));
    const a = floatTensor([4], [1, 2, 3, 4]);
    const b = floatTensor([], [-Infinity]);
    const graph = buildCase('where', { inputs: { condition, a, b }, attrs: {}, constants: ['b'] });
    const came = await runOnDevice(await openFamily('tiled'), graph, { condition, a });
    expect([...came.data]).toEqual([1, -Infinity, 3, -Infinity]);
  });

  it('arithmetic of integers', async () => {
    const a = intTensor([8], [7, -7, 7, -7, 0, 5, 12, 3]);
    const b = intTensor([8], [3, 3, -3, -3, 2, 1, 5, 0]);
    for (const kind of ['mod', 'fmod', 'pow', 'bit_and', 'bit_or', 'bit_xor'] as const) {
      await same(kind, { a, b }, {});
    }
    for (const kind of ['abs', 'neg', 'sign', 'relu'] as const) {
      const graph = buildCase(kind, { inputs: { x: a }, attrs: {} });
      const came = await runOnDevice(await openFamily('tiled'), graph, { x: a });
      const expected = Array.from(interpret(graph, { x: a })['y']!.data, (v) => v + 0);
      expect([...came.data]).toEqual(expected);
    }
    await same('clip', { x: a }, { min: -3, max: 6 });
  });

  it('flags', async () => {
    const a = tensor('bool', [4], Int32Array.of(0, 0, 1, 1));
    await same('xor', { a, b: tensor('bool', [4], Int32Array.of(0, 1, 0, 1)) }, {});
  });
});

it.each(['mod', 'fmod'] as const)('%s of floats', async (kind) => {
  const a = spread(50);
  const b = of(a, (v) => 2 * Math.sin(1e9 * v) + 3 * Math.sign(Math.cos(1e5 * v)));
  await expectSameOnDevice('tiled', kind, { inputs: { a, b }, attrs: {}, tolerance: 3e-6 });
});
