// How long one call of a program takes by itself: by CPU time where the adapter computes on the CPU, which
// other work on the machine disturbs least, else by the clock.
import type { WebGpuProgram } from './program.ts';

/** Seconds of `times` dispatches of the call `at`. */
export async function secondsOfCall(
  program: WebGpuProgram,
  at: number,
  times: number,
  software: boolean,
): Promise<number> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  program.repeatCall(at, times);
  await program.finish();
  if (!software) return (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1e6;
}

/** How many dispatches take about `seconds`; they warm the call up. */
export async function timesFor(
  program: WebGpuProgram,
  at: number,
  seconds: number,
  software: boolean,
): Promise<number> {
  let times = 1;
  let spent = await secondsOfCall(program, at, times, software);
  while (spent < seconds / 4 && times < MOST_TIMES) {
    times *= 4;
    spent = await secondsOfCall(program, at, times, software);
  }
  return Math.max(1, Math.min(MOST_TIMES, Math.ceil((times * seconds) / spent)));
}

const MOST_TIMES = 4096;
