// A process of its own for one question: how much memory does an attack with this batch take at its peak?
// `peak-memory.ts MODEL BATCH` prints one JSON object, all in bytes.
import { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import { loadModel } from '../src-ts/api/model.ts';
import { openOwnDevice } from '../src-ts/api/device.ts';
import { planAttack } from '../src-ts/api/plan.ts';
import { randomTensor } from '../test/reference/random.ts';
import { attackAll } from './subjects.ts';

export interface PeakMemory {
  /** The least that any plan needs. */
  readonly bound: number;
  /** What ours plans. */
  readonly planned: number;
  /** Resident before: Node, the modules, the driver, and its kernels for an attack with batch 1. */
  readonly before: number;
  /** The most that was resident. */
  readonly peak: number;
}

const ROUNDS = 2; // of images: slots are refilled

const [file = '', batch = ''] = process.argv.slice(2);
const executor = await openOwnDevice({});
const model = await loadModel(file);
const { channels, height, width } = model.inputShape;

async function attackNoise(size: number): Promise<void> {
  const attack = await DeepFoolAttack.create(executor, model, { maxSteps: 2 }, { batch: size });
  const images = Array.from({ length: ROUNDS * size }, (_, index) => {
    const pixels = Float32Array.from(randomTensor([channels, height, width], index).data);
    return { index, source: '', label: null, pixels };
  });
  await attackAll(attack, images);
  attack.dispose();
}

await attackNoise(1);
const before = process.memoryUsage().rss;
const { memory } = await planAttack(model, { device: executor, batch: Number(batch) });
await attackNoise(Number(batch));
const peak = 1024 * process.resourceUsage().maxRSS;
const told: PeakMemory = { bound: memory.bound, planned: memory.planned, before, peak };
process.stdout.write(`${JSON.stringify(told)}\n`);
process.exit(0); // an open device keeps the process alive
