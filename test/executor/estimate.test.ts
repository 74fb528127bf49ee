// Estimates of speed: the roofline in literal numbers, and rates fitted to calls whose times are known.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitRate, fitRates, sequenceOf } from '../../bench/calibrate.ts';
import { estimateAttack } from '../../src-ts/api/estimate.ts';
import { loadModel } from '../../src-ts/api/model.ts';
import { OptionError } from '../../src-ts/core/errors.ts';
import { estimateSeconds, measuredMachine, type Rate } from '../../src-ts/executor/estimate.ts';
import type { CallDescription } from '../../src-ts/executor/executor.ts';
import { EFFICIENCY, gpuMachine } from '../../src-ts/executor/gpus.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');

const call = (kernel: string, flops: number, bytes: number): CallDescription => ({
  label: '',
  kernel,
  variant: {},
  workgroups: 1,
  flops,
  bytes,
});

describe('the roofline', () => {
  const gpu = { name: 'a GPU', tflops: 10, bandwidth: 500, dispatchMicros: 20 };
  const machine = gpuMachine(gpu);
  const computing = 1e9 / (10e12 * EFFICIENCY.compute);
  const moving = 1e9 / (500e9 * EFFICIENCY.bandwidth);

  it('takes the longer of computing and moving, and the price of a dispatch', () => {
    expect(estimateSeconds([call('conv_tiled', 1e9, 1e3)], machine)).toBeCloseTo(
      20e-6 + computing,
      12,
    );
    expect(estimateSeconds([call('conv_tiled', 1e3, 1e9)], machine)).toBeCloseTo(
      20e-6 + moving,
      12,
    );
  });

  it('knows arithmetic as a bound for products only', () => {
    expect(estimateSeconds([call('pointwise', 1e15, 1e9)], machine)).toBeCloseTo(
      20e-6 + moving,
      12,
    );
  });

  it('adds calls up', () => {
    const calls = [call('conv_tiled', 1e9, 0), call('copy', 0, 1e9)];
    expect(estimateSeconds(calls, machine)).toBeCloseTo(40e-6 + computing + moving, 12);
  });

  it('adds arithmetic and memory where the CPU does both, and what being in a sequence costs', () => {
    const rate: Rate = { flops: 1e9, bytes: 1e9 };
    const rates = {
      dispatch: 0.5,
      sequence: 2,
      variants: {},
      kernels: {},
      dense: rate,
      other: rate,
    };
    expect(estimateSeconds([call('copy', 2e9, 3e9)], measuredMachine(rates))).toBeCloseTo(11, 12);
  });
});

describe('fitted rates', () => {
  const timed = (flops: number, bytes: number, seconds: number) => ({
    ...call('conv', flops, bytes),
    seconds,
  });

  it('are those that the times were made with', () => {
    const times = [
      [1e9, 1e7],
      [2e9, 5e8],
      [3e8, 9e8],
    ].map(([flops, bytes]) => timed(flops!, bytes!, flops! / 2e10 + bytes! / 4e9));
    const rate = fitRate(times);
    expect(rate.flops).toBeCloseTo(2e10, -6);
    expect(rate.bytes).toBeCloseTo(4e9, -5);
  });

  it('never are negative: what explains nothing is left out', () => {
    const rate = fitRate([timed(1e9, 1e6, 0.1), timed(2e9, 1e9, 0.19)]);
    expect(rate.flops).toBeGreaterThan(0);
    expect(rate.bytes).toBe(Infinity);
  });

  it('price a dispatch by calls that do next to nothing', () => {
    const rates = fitRates([timed(10, 10, 1e-5), timed(0, 10, 3e-5), timed(10, 0, 2e-5)]);
    expect(rates.dispatch).toBe(2e-5);
  });
});

it('a step is measured against the sum of its calls', () => {
  const calls = [3, 5].map((seconds) => ({ ...call('copy', 0, 1), seconds }));
  expect(sequenceOf({ calls, seconds: 10 })).toBe(1.25);
});

describe('an attack', () => {
  it('is faster on a faster GPU, and its numbers agree with each other', async () => {
    const model = await loadModel(MODEL);
    const [slow, fast] = ['rtx3060', 'H100'].map((gpu) =>
      estimateAttack(model, gpu, { batch: 512 }),
    );
    expect(fast!.images_per_second).toBeGreaterThan(1.5 * slow!.images_per_second);
    expect(fast!.seconds_for_50000_images * fast!.images_per_second).toBeCloseTo(50_000, 4);
    // Each step of 512 slots finishes a sixth of them: three steps, the visit that finds it done, two in flight.
    const perStep = (fast!.images_per_second * fast!.milliseconds_per_step) / 1000;
    expect(perStep).toBeCloseTo(512 / 6, 6);
    expect(fast!.assumptions.join()).toContain('67 TFLOP/s');
  });

  it('is faster lazily, which is told', async () => {
    const model = await loadModel(MODEL);
    const [plain, lazy] = [{}, { lazy: 2 }].map((more) =>
      estimateAttack(model, 'lavapipe', { batch: 64, ...more }),
    );
    expect(lazy!.images_per_second).toBeGreaterThan(1.3 * plain!.images_per_second);
    expect(lazy!.assumptions.join()).toContain('of classes after the first, 35 % are looked at');
  });

  it('takes longer with more steps', async () => {
    const model = await loadModel(MODEL);
    const speed = (steps: number): number =>
      estimateAttack(model, 'lavapipe', { steps }).images_per_second;
    expect(speed(2)).toBeGreaterThan(speed(4));
  });

  it('on a GPU that is not known is refused, with those that are', async () => {
    const model = await loadModel(MODEL);
    const act = () => estimateAttack(model, 'RTX 2080');
    expect(act).toThrow(OptionError);
    expect(act).toThrow(
      '--estimate: expected one of H100, RTX 4090, RTX 3060, M3 Max, Arc B580, lavapipe, got "RTX 2080"',
    );
    expect(() => estimateAttack(model, 'H100', { steps: 0 })).toThrow('--steps: expected');
  });
});
