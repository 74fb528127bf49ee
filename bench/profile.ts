// How long each call of an attack's step takes by itself: the same dispatch again and again, measured
// by CPU time where the adapter computes on the CPU.
import { availableParallelism } from 'node:os';
import { resolveOptions } from '../src-ts/attack/options.ts';
import { extentsFor } from '../src-ts/attack/batch-size.ts';
import { buildStepGraph } from '../src-ts/attack/step.ts';
import type { Extents } from '../src-ts/core/shape.ts';
import { floatTensor, intTensor } from '../src-ts/core/tensor.ts';
import type { CallDescription } from '../src-ts/executor/executor.ts';
import { secondsOfCall, timesFor } from '../src-ts/executor/webgpu/call-timing.ts';
import type { WebGpuExecutor } from '../src-ts/executor/webgpu/index.ts';
import type { WebGpuProgram } from '../src-ts/executor/webgpu/program.ts';
import type { ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { seededRandom } from '../test/reference/random.ts';
import { spreadOf } from './statistics.ts';

export interface TimedCall extends CallDescription {
  /** For one dispatch; where the adapter computes on the CPU, with all its cores free. */
  readonly seconds: number;
}

const SAMPLE_SECONDS = 0.02; // of CPU time: twenty ticks of its clock
const SAMPLES = 3;

interface CompiledStep {
  readonly program: WebGpuProgram;
  /** Puts the first images back: all slots are new again. */
  readonly refill: () => void;
  readonly capacity: Extents;
  readonly calls: readonly CallDescription[];
}

/** A step of the attack with all slots taken by noise, and what its calls are; each run goes on where the last ended. */
export async function compileStep(
  executor: WebGpuExecutor,
  model: ImportedModel,
  batch: number,
): Promise<CompiledStep> {
  const { classes, inputShape } = model;
  const options = resolveOptions({}, { classes, channels: inputShape.channels });
  const step = buildStepGraph(model.graph, options);
  const { graph, state } = step;
  const capacity = extentsFor(batch, step);
  const program = await executor.compile(graph, { capacity, state });
  const refill = slotFiller(program, model, batch);
  refill();
  fillExtents(program, capacity);
  return { program, refill, capacity, calls: executor.describe(graph, { capacity, state }).calls };
}

function slotFiller(program: WebGpuProgram, model: ImportedModel, batch: number): () => void {
  const { channels, height, width } = model.inputShape;
  const shape = [batch, channels, height, width];
  const random = seededRandom(1);
  const noise = Float32Array.from({ length: batch * channels * height * width }, random);
  const r = floatTensor(shape, new Float32Array(noise.length));
  const zeros = intTensor([batch], new Int32Array(batch));
  program.write('x0', floatTensor(shape, noise));
  return () => {
    program.write('r', r);
    program.write('status', zeros);
    program.write('steps', zeros);
  };
}

function fillExtents(program: WebGpuProgram, capacity: Extents): void {
  for (const [symbol, rows] of Object.entries(capacity)) program.setExtent(symbol, rows);
}

export interface ProfiledStep {
  readonly calls: readonly TimedCall[];
  /** For the step as a whole. */
  readonly seconds: number;
}

/** Times a step on full batches, and every call of it by itself. */
export async function profileStep(
  executor: WebGpuExecutor,
  model: ImportedModel,
  batch: number,
): Promise<ProfiledStep> {
  const compiled = await compileStep(executor, model, batch);
  const { program, calls, capacity } = compiled;
  program.run(); // so that all calls read what they would
  await program.finish();
  const timed: TimedCall[] = [];
  const known = new Map<string, number>();
  for (const [at, call] of calls.entries()) {
    const { label: _label, ...same } = call;
    const key = JSON.stringify(same);
    // Calls read the live counts, and some change them: full batches again.
    fillExtents(program, capacity);
    const seconds = known.get(key) ?? (await timeCall(program, at));
    known.set(key, seconds);
    timed.push({ ...call, seconds });
  }
  const seconds = await timeStep(compiled);
  program.dispose();
  return { calls: timed, seconds };
}

const STEP_SECONDS = 0.3; // of CPU time

/** The first step again and again, all images new. */
async function timeStep({ program, refill, capacity }: CompiledStep): Promise<number> {
  fillExtents(program, capacity);
  const run = async (times: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let k = 0; k < times; k++) {
      refill();
      program.run();
    }
    await program.finish();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / times;
  };
  const times = Math.max(1, Math.ceil(STEP_SECONDS / (await run(1))));
  const samples: number[] = [];
  for (let k = 0; k < SAMPLES; k++) samples.push(await run(times));
  return spreadOf(samples).median / availableParallelism();
}

async function timeCall(program: WebGpuProgram, at: number): Promise<number> {
  const times = await timesFor(program, at, SAMPLE_SECONDS, true);
  const samples: number[] = [];
  for (let k = 0; k < SAMPLES; k++) {
    samples.push((await secondsOfCall(program, at, times, true)) / times);
  }
  return spreadOf(samples).median / availableParallelism();
}
