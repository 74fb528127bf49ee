// How far a run is: a bar on a terminal, elsewhere a line every few seconds.
import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.ts';

const LINE_INTERVAL_MS = 5000;

export interface Progress {
  readonly update: (done: number, total: number, facts: string) => void;
  /** Says something between two updates. */
  readonly note: (text: string) => void;
  readonly stop: () => void;
}

export function openProgress(terminal: Terminal): Progress {
  return terminal.interactive ? openBar(terminal) : openLines(terminal);
}

/** Images a second since the first update, which comes when the work begins, and seconds left. */
function openSpeed(): (done: number, total: number) => { speed: string; left: string } {
  let start: { readonly at: number; readonly done: number } | null = null;
  return (done, total) => {
    start ??= { at: performance.now(), done };
    const perSecond = (1000 * (done - start.done)) / (performance.now() - start.at);
    if (done === start.done || !Number.isFinite(perSecond)) return { speed: '–', left: '–' };
    const left = formatDuration((total - done) / perSecond);
    return { speed: perSecond.toPrecision(3), left };
  };
}

function formatDuration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6000 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function openBar(terminal: Terminal): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {value}/{total} images, {facts}, {speed} images/s, {left} left',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    },
    cliProgress.Presets.shades_classic,
  );
  const speedOf = openSpeed();
  let started = false;
  return {
    update: (done, total, facts) => {
      const payload = { facts, ...speedOf(done, total) };
      if (started) bar.update(done, payload);
      else bar.start(total, done, payload);
      started = true;
    },
    note: (text) => {
      terminal.err(`${text}\n`);
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}

function openLines(terminal: Terminal): Progress {
  const speedOf = openSpeed();
  let [now, said] = ['', ''];
  // By the clock, not by the image: results come a batch at a time, and a line after the first of a
  // batch would tell a wrong speed.
  const timer = setInterval(() => {
    if (now !== said) terminal.err(`${now}\n`);
    said = now;
  }, LINE_INTERVAL_MS);
  timer.unref();
  return {
    update: (done, total, facts) => {
      const { speed, left } = speedOf(done, total);
      now = `${done}/${total} images, ${facts}, ${speed} images/s, ${left} left`;
    },
    note: (text) => {
      terminal.err(`${text}\n`);
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}
