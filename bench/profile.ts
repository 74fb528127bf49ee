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

/** Times every call of a step. The step runs once before, so that all calls read what they would. */
export async function profileStep(
  executor: WebGpuExecutor,
  model: ImportedModel,
  batch: number,
): Promise<TimedCall[]> {
  const { program, calls, capacity } = await compileStep(executor, model, batch);
  program.run();
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
  program.dispose();
  return timed;
}

async function timeCall(program: WebGpuProgram, at: number): Promise<number> {
  const times = await timesFor(program, at, SAMPLE_SECONDS, true);
  const samples: number[] = [];
  for (let k = 0; k < SAMPLES; k++) {
    samples.push((await secondsOfCall(program, at, times, true)) / times);
  }
  return spreadOf(samples).median / availableParallelism();
}
