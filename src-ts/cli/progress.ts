// How far a run is: a bar on a terminal, elsewhere a line every few seconds.
import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.ts';

const LINE_INTERVAL_MS = 5000;

export interface Progress {
  readonly update: (done: number, total: number, fooled: number) => void;
  /** Says something between two updates. */
  readonly note: (text: string) => void;
  readonly stop: () => void;
}

export function openProgress(terminal: Terminal): Progress {
  return terminal.interactive ? openBar(terminal) : openLines(terminal);
}

function openBar(terminal: Terminal): Progress {
  const format =
    '{bar} {value}/{total} images, {fooled} fooled, {speed} images/s, {eta_formatted} left';
  const bar = new cliProgress.SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, barsize: 30 },
    cliProgress.Presets.shades_classic,
  );
  let startedAt: number | null = null;
  const stop = (): void => {
    bar.stop();
  };
  return {
    update: (done, total, fooled) => {
      if (startedAt === null) {
        startedAt = performance.now();
        bar.start(total, 0, { fooled: 0, speed: '–' });
      }
      const seconds = (performance.now() - startedAt) / 1000;
      bar.update(done, { fooled, speed: seconds > 0 ? (done / seconds).toPrecision(3) : '–' });
    },
    note: (text) => {
      terminal.err(`${text}\n`);
    },
    stop,
  };
}

function openLines(terminal: Terminal): Progress {
  const startedAt = performance.now();
  let [now, said] = ['', ''];
  // By the clock, not by the image: results come a batch at a time, and a line after the first of a
  // batch would tell a wrong speed.
  const timer = setInterval(() => {
    if (now !== said) terminal.err(`${now}\n`);
    said = now;
  }, LINE_INTERVAL_MS);
  timer.unref();
  return {
    update: (done, total, fooled) => {
      const speed = ((1000 * done) / (performance.now() - startedAt)).toPrecision(3);
      now = `${done}/${total} images, ${fooled} fooled, ${speed} images/s`;
    },
    note: (text) => {
      terminal.err(`${text}\n`);
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}
