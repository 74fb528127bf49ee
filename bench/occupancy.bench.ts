// Is the device kept busy? What one step of the attack costs beside its kernels alone, and the share
// of a traced run that the device spends in kernels.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { attackDataset } from '../src-ts/api/attack-dataset.ts';
import { loadModel } from '../src-ts/api/model.ts';
import type { WebGpuExecutor } from '../src-ts/executor/webgpu/index.ts';
import type { ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { runBench, type Bench } from './harness.ts';
import { compileStep, profileStep } from './profile.ts';
import { spreadOf } from './statistics.ts';

const BATCH = 64;
const IMAGES = 500;
const ROUNDS = 3;
const SHARED = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../shared');
const MODEL = join(SHARED, 'models/lenet-mnist.onnx');

/** What the device did, of a trace: milliseconds. */
interface Occupancy {
  readonly busy: number;
  readonly whole: number;
  readonly longestGap: number;
}

/** The share of kernels in the time from the first to the last, where they may overlap. */
export function occupancyOf(trace: string): Occupancy {
  const events = JSON.parse(trace) as { cat?: string; ts: number; dur: number }[];
  const kernels = events.filter(({ cat }) => cat === 'kernels').sort((a, b) => a.ts - b.ts);
  let [busy, longestGap] = [0, 0];
  let end = kernels[0]?.ts ?? 0;
  for (const { ts, dur } of kernels) {
    longestGap = Math.max(longestGap, ts - end);
    busy += Math.max(0, ts + dur - Math.max(ts, end));
    end = Math.max(end, ts + dur);
  }
  return {
    busy: busy / 1e3,
    whole: (end - (kernels[0]?.ts ?? 0)) / 1e3,
    longestGap: longestGap / 1e3,
  };
}

async function tracedRun(): Promise<Occupancy> {
  const folder = mkdtempSync(join(tmpdir(), 'occupancy-'));
  const trace = join(folder, 'trace.json');
  const data = join(SHARED, 'data/mnist');
  await attackDataset(MODEL, { data, range: `0:${IMAGES}`, batch: BATCH, trace });
  const occupancy = occupancyOf(readFileSync(trace, 'utf8'));
  rmSync(folder, { recursive: true });
  return occupancy;
}

interface StepTimes {
  /** Seconds of the whole step. */
  readonly step: number;
  /** Of its calls, each by itself. */
  readonly kernels: number;
  readonly calls: number;
}

/** Times a step as it stands and its calls one by one, in turns: what else the machine does meets both. */
async function timeStep(
  executor: WebGpuExecutor,
  model: ImportedModel,
  measure: Bench['measure'],
): Promise<StepTimes> {
  const { program, refill } = await compileStep(executor, model, BATCH);
  const work = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      refill(); // the same first step, again and again
      program.run();
    }
    await program.finish();
  };
  const [steps, sums]: [number[], number[]] = [[], []];
  let calls = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const [measured] = await measure([work], { samples: 4, warm: round > 0 });
    steps.push(measured!.cpu.median / availableParallelism());
    const { calls: timed } = await profileStep(executor, model, BATCH);
    sums.push(timed.reduce((sum, { seconds }) => sum + seconds, 0));
    calls = timed.length;
  }
  program.dispose();
  return { step: spreadOf(steps).median, kernels: spreadOf(sums).median, calls };
}

await runBench('occupancy', async ({ executor, measure, addFacts }) => {
  if (!existsSync(MODEL)) throw new Error(`no model ${MODEL}: set DEEPFOOL_SHARED`);
  const model = await loadModel(MODEL);
  const { step, kernels, calls } = await timeStep(executor, model, measure);
  addFacts({
    title: `A step of ${BATCH} images on lenet-mnist`,
    columns: ['ms'],
    rows: [
      ['the whole step', 1000 * step],
      [`its ${calls} kernels, each by itself`, 1000 * kernels],
      ['ratio', step / kernels],
    ],
    notes: [`By CPU time over all cores. Medians of ${ROUNDS} rounds, in which both take turns.`],
  });
  const { busy, whole: run, longestGap } = await tracedRun();
  addFacts({
    title: `A traced run of ${IMAGES} images, batch ${BATCH}`,
    columns: [''],
    rows: [
      ['seconds from the first kernel to the last', run / 1000],
      ['share of them in kernels', `${((100 * busy) / run).toFixed(1)} %`],
      ['longest gap, ms', longestGap],
    ],
    notes: ["By the device's timestamps, all on one machine's clock."],
  });
});
