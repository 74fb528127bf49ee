// Takes samples of something asynchronous with Benchmark.js. Beside its clock, each sample reads the
// CPU time of the whole process: threads of a software adapter, of Dawn and of the shader compiler
// included. On a shared machine that is the steadier figure.
import Benchmark from 'benchmark';
import { spreadOf, type Spread } from './statistics.ts';

/** Does its work `times` times, and resolves when all of it is done. */
export type Work = (times: number) => Promise<unknown>;

export interface Measurement {
  /** How often the work was done for each sample. */
  readonly times: number;
  /** Seconds for doing it once. */
  readonly wall: Spread;
  /** Seconds of CPU time for doing it once, summed over all threads. */
  readonly cpu: Spread;
}

export interface SampleOptions {
  readonly samples?: number;
  /** How often the work is done for each sample; found by trial when absent. */
  readonly times?: number;
  /** Whether everything has been compiled already. */
  readonly warm?: boolean;
}

const SAMPLES = 12;
const ROUNDS = 4;
const SAMPLE_SECONDS = 0.3; // long beside a submission, a wake-up and the tick of the CPU clock
const [LEAST_TIMES, MOST_TIMES] = [4, 64];
const ONE_CALL = 1e-9; // seconds: Benchmark.js is content with one call a sample

/**
 * Warms up, which compiles whatever is compiled at first use, then takes samples in rounds over all
 * works, so that whatever else the machine does meets them alike. One measurement for each work.
 */
export async function measureAll(
  works: readonly Work[],
  { samples = SAMPLES, times, warm = false }: SampleOptions = {},
): Promise<Measurement[]> {
  const each = works.map((work) => ({ work, times: 1, wall: [] as number[], cpu: [] as number[] }));
  for (const one of each) {
    if (!warm) await one.work(1);
    one.times = times ?? (await timesFor(one.work));
    if (!warm) await one.work(one.times);
  }
  for (let left = samples, rounds = ROUNDS; left > 0; rounds--) {
    const count = Math.ceil(left / rounds);
    for (const { work, times, wall, cpu } of each) {
      const came = await collect(work, times, count);
      wall.push(...came.wall);
      cpu.push(...came.cpu);
    }
    left -= count;
  }
  return each.map(({ times, wall, cpu }) => {
    const once = (all: readonly number[]): Spread => spreadOf(all.map((s) => s / times));
    return { times, wall: once(wall), cpu: once(cpu) };
  });
}

async function timesFor(work: Work): Promise<number> {
  const start = performance.now();
  await work(2);
  const seconds = (performance.now() - start) / 2000;
  return Math.min(MOST_TIMES, Math.max(LEAST_TIMES, Math.round(SAMPLE_SECONDS / seconds)));
}

function collect(
  work: Work,
  times: number,
  samples: number,
): Promise<{ wall: number[]; cpu: number[] }> {
  return new Promise((resolve, reject) => {
    const cpu: number[] = [];
    const bench = new Benchmark({
      ...{ defer: true, async: true, initCount: 1, minSamples: samples },
      ...{ minTime: ONE_CALL, maxTime: ONE_CALL },
      fn: (deferred: Benchmark.Deferred) => {
        const before = process.cpuUsage();
        work(times).then(() => {
          const { user, system } = process.cpuUsage(before);
          cpu.push((user + system) / 1e6);
          deferred.resolve();
        }, reject);
      },
      onComplete: () => {
        resolve({ wall: bench.stats.sample as number[], cpu });
      },
    });
    bench.run();
  });
}
