// The training step in plain loops and float64: gradients of the parameters against central differences,
// and the optimisers against loops of their own.
import { describe, expect, it } from 'vitest';
import { randomWord } from '../../src-ts/core/random.ts';
import { floatTensor, intTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { liftParameters } from '../../src-ts/passes/lift-parameters.ts';
import { createOptimizer, type OptimizerSettings } from '../../src-ts/train/optimizer.ts';
import { buildTrainingStep, type TrainingStep } from '../../src-ts/train/step.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { IMAGE, stripes, tinyNetwork } from './tiny.ts';

const ROWS = 5;
const INDEX = [3, 0, 4, 4];
const PLAIN = { flip: false, shift: 0 };
type Values = Readonly<Record<string, Tensor>>;

async function inputsOf(step: TrainingStep, parameters: Values): Promise<Values> {
  const { pixels, labels } = await stripes(ROWS, 3).gather(Int32Array.from([0, 1, 2, 3, 4]));
  const kept = step.kept.map((name, k): [string, Tensor] => {
    const { shape } = parameters[name.slice(name.indexOf(' of ') + 4)]!;
    const { data } = randomTensor(shape, 50 + k);
    return [name, floatTensor(shape, name.startsWith('square') ? data.map(Math.abs) : data)];
  });
  return {
    images: floatTensor([ROWS, ...IMAGE], pixels),
    labels: intTensor([ROWS, 1], labels),
    index: intTensor([INDEX.length], INDEX),
    share: floatTensor([1], [1 / INDEX.length]),
    step: intTensor([1], [7]),
    diverged: intTensor([1], [-1]),
    seed: intTensor([1], [99]),
    loss: floatTensor([1], [0]),
    wrong: intTensor([1], [0]),
    ...Object.fromEntries(kept),
    ...parameters,
  };
}

const numbersOf = (values: Readonly<Record<string, number>>): Values =>
  Object.fromEntries(Object.entries(values).map(([name, x]) => [name, floatTensor([1], [x])]));

function prepare(settings: OptimizerSettings, dropout = 0, augmentation = PLAIN) {
  const lifted = liftParameters(tinyNetwork(dropout));
  const source = { rows: ROWS, imageShape: IMAGE };
  const optimizer = createOptimizer(settings);
  const step = buildTrainingStep(lifted, source, optimizer, augmentation);
  const parameters = Object.fromEntries(
    lifted.parameters.map(({ name, value }, k) => {
      // Biases that are not all 0, so that a gradient that forgets them shows.
      const data = name.endsWith('bias') ? randomTensor(value.shape, 20 + k).data : value.data;
      return [name, floatTensor(value.shape, data)];
    }),
  );
  return { step, parameters, optimizer };
}

const GRADIENT: OptimizerSettings = { kind: 'sgd', momentum: 0, weightDecay: 0 };

describe.each([
  ['as it is', 0, PLAIN],
  ['with Dropout', 0.4, PLAIN],
  ['with images mirrored and moved', 0, { flip: true, shift: 1 }],
])('the gradient of the mean loss, %s', (_, dropout, augmentation) => {
  it('is what central differences give, for every parameter', async () => {
    const { step, parameters, optimizer } = prepare(GRADIENT, dropout, augmentation);
    const inputs = { ...(await inputsOf(step, parameters)), ...numbersOf(optimizer.numbers(1, 1)) };
    const next = interpret(step.graph, inputs);
    const meanLoss = (name: string, at: number, by: number): number => {
      const data = Float64Array.from(parameters[name]!.data);
      data[at]! += by;
      const moved = { ...inputs, [name]: { ...parameters[name]!, data } };
      return interpret(step.graph, moved)['next loss']!.data[0]! / INDEX.length;
    };
    let checked = 0;
    for (const [name, { data }] of Object.entries(parameters)) {
      for (let at = 0; at < data.length; at += Math.ceil(data.length / 6)) {
        const difference = (meanLoss(name, at, 1e-5) - meanLoss(name, at, -1e-5)) / 2e-5;
        const gradient = data[at]! - next[`next ${name}`]!.data[at]!;
        expect(Math.abs(gradient - difference), `${name}[${at}]`).toBeLessThan(1e-6);
        if (Math.abs(difference) > 1e-3) checked++;
      }
    }
    expect(checked).toBeGreaterThan(10);
  });
});

describe('an update', () => {
  const rate = 0.1;
  const count = 3;

  async function compare(
    settings: OptimizerSettings,
    expected: (w: number, g: number, kept: number[]) => { w: number; kept: number[] },
  ): Promise<void> {
    const plain = prepare(GRADIENT);
    const base = await inputsOf(plain.step, plain.parameters);
    const after = interpret(plain.step.graph, { ...base, ...numbersOf({ rate: 1 }) });
    const { step, parameters, optimizer } = prepare(settings);
    const inputs = {
      ...(await inputsOf(step, parameters)),
      ...numbersOf(optimizer.numbers(rate, count)),
    };
    const next = interpret(step.graph, inputs);
    for (const [name, { data }] of Object.entries(parameters)) {
      const keeps = optimizer.keeps.map((each) => `${each} of ${name}`);
      for (let i = 0; i < data.length; i += 3) {
        const gradient = data[i]! - after[`next ${name}`]!.data[i]!;
        const kept = keeps.map((each) => inputs[each as keyof typeof inputs]!.data[i]!);
        const want = expected(data[i]!, gradient, kept);
        expect(next[`next ${name}`]!.data[i], name).toBeCloseTo(want.w, 6);
        for (const [k, each] of keeps.entries()) {
          expect(next[`next ${each}`]!.data[i], each).toBeCloseTo(want.kept[k]!, 6);
        }
      }
    }
  }

  it('of SGD has momentum and weight decay', async () => {
    await compare({ kind: 'sgd', momentum: 0.9, weightDecay: 0.01 }, (w, g, [v]) => {
      const velocity = 0.9 * v! + (g + 0.01 * w);
      return { w: w - rate * velocity, kept: [velocity] };
    });
  });

  it('of Adam has corrected estimates', async () => {
    const [beta1, beta2, epsilon, weightDecay] = [0.9, 0.999, 1e-8, 0.01];
    await compare({ kind: 'adam', beta1, beta2, epsilon, weightDecay }, (w, g, [m, v]) => {
      const decayed = g + weightDecay * w;
      const mean = beta1 * m! + (1 - beta1) * decayed;
      const square = beta2 * v! + (1 - beta2) * decayed ** 2;
      const [first, second] = [mean / (1 - beta1 ** count), square / (1 - beta2 ** count)];
      return { w: w - (rate * first) / (Math.sqrt(second) + epsilon), kept: [mean, square] };
    });
  });

  it('notes the first step whose loss is not finite', async () => {
    const { step, parameters, optimizer } = prepare(GRADIENT);
    const inputs = { ...(await inputsOf(step, parameters)), ...numbersOf(optimizer.numbers(1, 1)) };
    const divergedAfter = (changes: Values): number =>
      interpret(step.graph, { ...inputs, ...changes })['next diverged']!.data[0]!;
    const { shape } = parameters['out.bias']!;
    const broken = { 'out.bias': floatTensor(shape, [NaN, 0, 0]) };
    expect(divergedAfter({})).toBe(-1);
    expect(divergedAfter(broken)).toBe(7);
    expect(divergedAfter({ ...broken, diverged: intTensor([1], [2]) })).toBe(2);
    expect(divergedAfter({ diverged: intTensor([1], [2]) })).toBe(2);
  });
});

it('random numbers of a run differ from step to step', () => {
  const seeds = Array.from({ length: 100 }, (_, step) => randomWord([1, 2], step));
  expect(new Set(seeds).size).toBe(100);
});
