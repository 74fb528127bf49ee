// Runs cases in processes of their own, each with 5 seconds and a share of the memory, and collects what
// was neither read nor refused with a typed error.
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Order, Verdict } from './worker.ts';

export interface Finding {
  readonly index: number;
  readonly kind: 'untyped error' | 'crash' | 'hang' | 'memory';
  readonly told: string;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Cases to run; with `until`, the most. */
  readonly cases: number;
  /** When to stop, in milliseconds since 1970. */
  readonly until?: number;
  readonly workers: number;
  readonly first?: number;
  readonly onFinding?: (finding: Finding) => void;
  readonly onProgress?: (done: number) => void;
  /** A saved case, in place of made ones. */
  readonly file?: string;
}

export interface FuzzResult {
  readonly cases: number;
  /** Cases of which a graph was made: mutations that all break the file would test little. */
  readonly imported: number;
  readonly findings: readonly Finding[];
  readonly peakMemory: number;
  readonly slowest: { readonly index: number; readonly seconds: number };
}

const LIMIT_SECONDS = 5;
const LIMIT_MEBIBYTES = 4096;

const ROOT = path.join(import.meta.dirname, '../..');

function startWorker(): ChildProcess {
  return fork(path.join(import.meta.dirname, 'worker.ts'), [], {
    cwd: ROOT,
    execArgv: ['--import', './scripts/typescript.mjs', '--max-old-space-size=2048'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Runs the cases of a seed, or those of a file. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, cases, until = Infinity, first = 0, file } = options;
  const findings: Finding[] = [];
  let [next, done, imported, peakMemory] = [first, 0, 0, 0];
  let slowest = { index: first, seconds: 0 };
  const lane = async (): Promise<void> => {
    let worker: ChildProcess | null = null;
    while (next < first + cases && Date.now() < until) {
      const index = next++;
      const fresh = worker === null;
      worker ??= startWorker();
      const order: Order = { seed, index, ...(file === undefined ? {} : { file }) };
      const start = performance.now();
      const { verdict, finding } = await runOne(worker, order, fresh);
      const seconds = (performance.now() - start) / 1000;
      if (!fresh && seconds > slowest.seconds) slowest = { index, seconds };
      peakMemory = Math.max(peakMemory, verdict?.peak ?? 0);
      if (verdict?.imported === true) imported++;
      if (finding !== null) {
        findings.push(finding);
        options.onFinding?.(finding);
      }
      done++;
      options.onProgress?.(done);
      // A process that died, hangs or has grown is replaced.
      const keep: boolean = verdict !== null && verdict.peak < LIMIT_MEBIBYTES / 2;
      if (!keep) {
        worker.kill('SIGKILL');
        worker = null;
      }
    }
    worker?.kill('SIGKILL');
  };
  await Promise.all(Array.from({ length: options.workers }, lane));
  return { cases: done, imported, findings, peakMemory, slowest };
}

const MAX_WAITS = 20; // half a limit each: beyond it, a process that gets no time hangs all the same
const STARTUP_SECONDS = 30; // a new process compiles the sources first

const TICKS_A_SECOND = 100; // of Linux's /proc

/** Seconds of processor time a process has had; infinite where the system does not say. */
function cpuSeconds(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
      .split(') ')
      .at(-1)!
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND; // user, system
  } catch {
    return Infinity;
  }
}

function runOne(
  worker: ChildProcess,
  order: Order,
  fresh: boolean,
): Promise<{ verdict: Verdict | null; finding: Finding | null }> {
  const { index } = order;
  return new Promise((resolve) => {
    const finish = (verdict: Verdict | null, found: Omit<Finding, 'index'> | null): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      resolve({ verdict, finding: found === null ? null : { index, ...found } });
    };
    const onMessage = (verdict: Verdict): void => {
      if (verdict.error !== null) finish(verdict, { kind: 'untyped error', told: verdict.error });
      else if (verdict.peak <= LIMIT_MEBIBYTES) finish(verdict, null);
      else finish(verdict, { kind: 'memory', told: `${verdict.peak} MiB were held` });
    };
    const onExit = (code: number | null, signal: string | null): void => {
      finish(null, {
        kind: 'crash',
        told: `the process ended with ${signal ?? code ?? 'nothing'}`,
      });
    };
    const limit = LIMIT_SECONDS + (fresh ? STARTUP_SECONDS : 0);
    const before = cpuSeconds(worker.pid);
    const onTimeout = (): void => {
      // On a machine with other work the wall clock says little: what counts is the time it had.
      const used = cpuSeconds(worker.pid) - before;
      if (used < limit && ++waits < MAX_WAITS) timer = setTimeout(onTimeout, limit * 500);
      else finish(null, { kind: 'hang', told: `still busy after ${limit} s` });
    };
    let waits = 0;
    let timer = setTimeout(onTimeout, limit * 1000);
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    worker.send(order);
  });
}
