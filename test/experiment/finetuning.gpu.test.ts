// Fine-tuning runs of experiments on a real network and real digits: what is kept, and what a run that was
// stopped ends with.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src-ts/api/device.ts';
import { InterruptedError, type ExperimentContext } from '../../src-ts/experiment/experiment.ts';
import { finetuneAll, type NetworkRuns } from '../../src-ts/experiment/finetuning.ts';
import { ExperimentFolder } from '../../src-ts/experiment/folder.ts';
import { NETWORKS } from '../../src-ts/experiment/networks.ts';
import { planOf, type Plan } from '../../src-ts/experiment/protocol.ts';
import { SHARED, sharedPath } from '../attack/shared.ts';
import { temporaryFolder } from '../data/fixtures.ts';
import { openFamily } from '../reference/on-device.ts';

const temporary = temporaryFolder();
const MODEL = 'fc500-150-10-mnist';
const VARIANT = { diet: 'deepfool', alpha: 2 } as const;
let device: Device;

function tinyPlan(model: string): Plan {
  const ranges = { training: ':200', judged: ':10', scored: ':100' };
  return { ...planOf(model, true)!, ...ranges };
}

/** Runs in a folder; every note goes to `onNote`. */
async function runIn(
  name: string,
  onNote: (note: string) => void,
  signal?: AbortSignal,
): Promise<NetworkRuns> {
  const context: ExperimentContext = {
    folder: await ExperimentFolder.open(join(temporary.path, name)),
    quick: true,
    networks: NETWORKS.filter(({ model }) => model === MODEL),
    models: sharedPath('models'),
    data: sharedPath('data'),
    device,
    watch: { onNote, ...(signal === undefined ? {} : { signal }) },
  };
  const [runs] = await finetuneAll(context, [VARIANT], ['deepfool', 'fgsm'], tinyPlan);
  return runs!;
}

function lastNetwork(name: string): Buffer {
  const steps = join(temporary.path, name, 'steps');
  const run = readdirSync(steps, { withFileTypes: true }).find(
    (each) => each.isDirectory() && each.name.startsWith(`${MODEL}-on-deepfool-alpha2`),
  )!;
  return readFileSync(join(steps, run.name, 'epoch-5.onnx'));
}

describe.skipIf(!SHARED)('a fine-tuning run', () => {
  let whole: NetworkRuns;
  const silent = (): void => undefined;

  beforeAll(async () => {
    device = await openFamily('subgroup');
    whole = await runIn('whole', silent);
  });

  it('tells the error and ρ̂ before the first epoch and after each, by each judge', () => {
    const { curves, plan } = whole;
    expect(curves.map(({ judge }) => judge)).toEqual(['deepfool', 'fgsm']);
    for (const { points } of curves) {
      expect(points.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5]);
      for (const { rho } of points) expect(rho).toBeGreaterThan(0.03);
    }
    const [byDeepFool, byFgsm] = curves.map(({ points }) => points);
    expect(byDeepFool![0]!.rho).toBeCloseTo(0.095, 1.5);
    expect(byDeepFool![0]).toMatchObject({ fooled: 10 });
    for (const [epoch, { rho }] of byFgsm!.entries()) {
      expect(rho).toBeGreaterThan(byDeepFool![epoch]!.rho!);
    }
    expect(plan.training).toBe(':200');
  });

  it('is taken from the folder when it is there, as are its judgements', async () => {
    const notes: string[] = [];
    expect(await runIn('whole', (note) => void notes.push(note))).toEqual(whole);
    expect(notes).toEqual([]);
  });

  it('that was stopped in its second epoch ends with the same bits', async () => {
    const stop = new AbortController();
    const stopped = runIn(
      'stopped',
      (note) => {
        if (note.includes('epoch 1')) stop.abort();
      },
      stop.signal,
    );
    await expect(stopped).rejects.toThrow(InterruptedError);
    const notes: string[] = [];
    expect(await runIn('stopped', (note) => void notes.push(note))).toEqual(whole);
    const epochs = notes.flatMap((note) => /: epoch (\d), test error/.exec(note)?.[1] ?? []);
    expect(epochs).toEqual(['2', '3', '4', '5']);
    expect(lastNetwork('stopped').equals(lastNetwork('whole'))).toBe(true);
  });
});
