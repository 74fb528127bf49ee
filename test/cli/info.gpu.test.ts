// `deepfool info --plan` against what an attack on the same device really holds.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import { SYMBOLS } from '../../src-ts/attack/step.ts';
import { loadModel } from '../../src-ts/api/model.ts';
import { resolveOptions } from '../../src-ts/attack/options.ts';
import { buildStepGraph } from '../../src-ts/attack/step.ts';
import type { StepPlan } from '../../src-ts/report/plan.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { run } from './run.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');

const planned = async (...args: readonly string[]): Promise<StepPlan> => {
  const { status, out, err } = await run('info', MODEL, '--plan', '--json', ...args);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return (JSON.parse(out) as { plan: StepPlan }).plan;
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

it('tells kernels, buffers and memory that add up', async () => {
  const plan = await planned('--batch', '16');
  expect(plan.batch).toBe(16);
  expect(plan.calls).toHaveLength(plan.dispatches);
  for (const name of ['flops', 'bytes'] as const) {
    expect(sum(plan.kernels.map((each) => each[name]))).toBeCloseTo(plan[name], 0);
  }
  expect(sum(plan.kernels.map(({ calls }) => calls))).toBe(plan.dispatches);
  expect(sum(plan.buffers.map(({ bytes }) => bytes))).toBe(plan.memory.planned);
  expect(plan.memory.bound).toBeLessThanOrEqual(plan.memory.planned);
  expect(plan.memory.planned).toBeLessThan(1.2 * plan.memory.bound);
});

it('is as large as the program of an attack', async () => {
  const plan = await planned('--batch', '16');
  const executor = await openWebGpu();
  const model = await loadModel(MODEL);
  const { graph, state } = buildStepGraph(
    model.graph,
    resolveOptions({}, { classes: 10, channels: 1 }),
  );
  const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, 16]));
  const program = await executor.compile(graph, { capacity, state });
  // Beyond values: parameters of the kernels, at 256 bytes a call and run, and live counts.
  const beside = program.byteLength - plan.memory.planned;
  expect(beside).toBeGreaterThan(0);
  expect(beside).toBeLessThan(2 * 256 * (plan.dispatches + 20));
  executor.dispose();
});

it('follows the options of the attack', async () => {
  const [two, ten] = [await planned('--candidates', '2'), await planned('--candidates', '10')];
  expect(ten.flops).toBeGreaterThan(3 * two.flops);
  const executor = await openWebGpu();
  const attack = await DeepFoolAttack.create(executor, await loadModel(MODEL));
  expect(ten.batch).toBe(attack.batch);
  attack.dispose();
  executor.dispose();
});

it('is a table for people', async () => {
  const { out } = await run('info', MODEL, '--plan', '--batch', '4');
  expect(out).toMatch(/^One step of 4 images, 10 candidates each, on /m);
  expect(out).toMatch(/^ {2}conv_\w+<[^>]+> +\d+ +[\d,]+ +[\d.]+ +[\d.]+ % +[\d.]+ [kMG]B$/m);
  expect(out).toMatch(/^ {2}slot 0 +[\d.]+ [kM]B$/m);
  expect(out).toMatch(/^ {2}values alive at one time: .* the plan needs 1[\d.]* times that$/m);
});
