// `npm run image-report`: what the loader costs others. How long it keeps the main thread, in CPU time
// between two turns of the event loop; whether 10,000 decodes leave memory flat; and how two threads of
// the addon compare with one, beside a loop of integers that shares no memory and so shows what the
// cores themselves allow. Photographs are those of the folder DEEPFOOL_SHARED (default: ../shared).
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { readImages } from '../src-ts/api/images.ts';
import { loadAddon } from '../src-ts/data/addon.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import { loadImages } from '../src-ts/data/image.ts';
import { threadClock } from './thread-clock.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? path.join(import.meta.dirname, '../../shared');
const photographs = path.join(shared, 'data/imagenet/images');
const files = readdirSync(photographs).map((name) => path.join(photographs, name));
const FIT = { resize: 256, crop: 224 };
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

await reportMainThread();
await reportMemory();
await reportThreads();

/** The longest stretches of work on the main thread while a data set is read, in milliseconds. */
async function longestStretches(work: () => Promise<unknown>): Promise<readonly number[]> {
  const now = threadClock();
  const stretches = new Float64Array(2 ** 22);
  let [count, last, running] = [0, now(), true];
  const turn = (): void => {
    const at = now();
    stretches[count++ % stretches.length] = at - last;
    last = at;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  running = false;
  return [...stretches.sort().slice(-5)].reverse();
}

async function reportMainThread(): Promise<void> {
  const sets = [
    ['imagenet/images', { channels: 3, height: 224, width: 224 }, FIT],
    ['cifar10', { channels: 3, height: 32, width: 32 }, {}],
    ['mnist', { channels: 1, height: 28, width: 28 }, {}],
  ] as const;
  for (const [name, shape, options] of sets) {
    const dataset = await openDataset(path.join(shared, 'data', name));
    const read = async (): Promise<void> => {
      const images = readImages(dataset, shape, options);
      while ((await images.next()).done !== true);
    };
    await read(); // compiles what runs
    const [longest, ...others] = await longestStretches(read);
    say(
      `main thread, ${dataset.length} images of ${name}: at most ${longest!.toFixed(2)} ms without a ` +
        `turn (then ${others.map((ms) => ms.toFixed(2)).join(', ')})`,
    );
  }
}

async function reportMemory(): Promise<void> {
  const into = new Float32Array(files.length * 3 * 224 * 224);
  const rounds = Math.ceil(10_000 / files.length);
  const sizes: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    await loadImages(files, { ...FIT, into });
    if (round % (rounds / 5) < 1) sizes.push((process.memoryUsage().rss / 2 ** 20).toFixed(0));
  }
  say(`memory after each fifth of ${rounds * files.length} decodes: ${sizes.join(', ')} MiB`);
}

async function reportThreads(): Promise<void> {
  const into = new Float32Array(files.length * 3 * 224 * 224);
  const addon = loadAddon();
  const load = async (threads: number): Promise<void> => {
    addon.threads(threads);
    await loadImages(files, { ...FIT, into });
  };
  say(`two threads that load: ${await speedup(load)} × one, by the wall`);
  say(`two threads that count: ${await speedup(countTogether)} × one, by the wall`);
}

/** How many times faster the same work is on two threads, best of five each, taken in turns. */
async function speedup(work: (threads: number) => Promise<void>): Promise<string> {
  const best = [Infinity, Infinity];
  for (let round = 0; round < 5; round++) {
    for (const threads of [1, 2]) {
      const start = performance.now();
      await work(threads);
      best[threads - 1] = Math.min(best[threads - 1]!, performance.now() - start);
    }
  }
  return (best[0]! / best[1]!).toFixed(2);
}

/** Integer arithmetic in registers, a fixed amount, shared out among threads. */
async function countTogether(threads: number): Promise<void> {
  const source = `const { workerData } = require('node:worker_threads');
    let x = 1; for (let i = 0; i < workerData; i++) x = (Math.imul(x, 48271) + i) | 0;
    process.exitCode = x === 0 ? 1 : 0;`;
  const share = 4e8 / threads;
  const workers = Array.from(
    { length: threads },
    () => new Worker(source, { eval: true, workerData: share }),
  );
  await Promise.all(workers.map((w) => new Promise((resolve) => w.on('exit', resolve))));
}
