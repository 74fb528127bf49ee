// What `deepfool train` and `deepfool finetune` show while they run, and at the end.
import type { FinetuneWatch } from '../api/finetune.ts';
import type { TrainSummary } from '../api/train.ts';
import { formatScore, formatTraining } from '../report/training.ts';
import { catchInterrupts } from './interrupt.ts';
import { openProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** Runs a training with progress on standard error and its summary on standard output; the exit status. */
export async function runWithProgress(
  terminal: Terminal,
  json: boolean,
  run: (watch: FinetuneWatch) => Promise<TrainSummary>,
): Promise<number> {
  const interrupt = catchInterrupts();
  let progress = openProgress(terminal);
  let phase = '';
  const update = (name: string, done: number, total: number, facts: string): void => {
    if (phase !== name) {
      progress.stop();
      progress = openProgress(terminal); // another speed
      phase = name;
    }
    progress.update(done, total, facts);
  };
  try {
    const summary = await run({
      signal: interrupt.signal,
      onNote: (note) => {
        progress.note(note);
      },
      onPerturbed: ({ done, total, fooled }) => {
        update('perturb', done, total, `${fooled} fooled`);
      },
      onProgress: ({ epoch, epochs, done, total, ...score }) => {
        const facts = `epoch ${epoch} of ${epochs}, ${formatScore(score)}`;
        update('train', (epoch - 1) * total + done, epochs * total, facts);
      },
      onEpoch: ({ epoch, test }) => {
        if (test !== null) progress.note(`epoch ${epoch}: test ${formatScore(test)}`);
      },
    });
    progress.stop();
    terminal.out(json ? `${JSON.stringify(summary)}\n` : `\n${formatTraining(summary)}`);
    return summary.interrupted ? interrupt.status() : 0;
  } finally {
    progress.stop();
    interrupt.release();
  }
}
