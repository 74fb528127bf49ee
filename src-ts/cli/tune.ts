// `deepfool tune`: finds the kernel variants that are fastest for a model on this machine.
import { Command } from 'commander';
import { loadModel } from '../api/model.ts';
import { tuneModel } from '../api/tune.ts';
import { formatTuning } from '../report/tuning.ts';
import type { Terminal } from './terminal.ts';
import { parseCandidates, parseCount, parseNumber } from './values.ts';

interface Flags {
  readonly candidates?: number | 'all';
  readonly device?: string;
  readonly batch?: number;
  readonly minutes?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

export function tuneCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('tune')
    .description(
      'Race the kernels that can do the work of a model on this machine and keep the winners, which\n' +
        'later runs take. Not needed for anything; DEEPFOOL_TUNE=off runs without what is kept.',
    )
    .argument('<model>', 'the classifier, an ONNX file')
    .option(
      '--candidates <n|all>',
      'classes considered for each image (default: 10)',
      parseCandidates,
    )
    .option('--device <name>', 'auto, webgpu, or part of the name of an adapter (default: auto)')
    .option('--batch <n>', 'images in the step that is measured (default: 8)', parseCount)
    .option('--minutes <n>', 'begin no further race after so long (default: 10)', parseNumber)
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async (file: string, { json = false, debug: _debug, ...options }: Flags) => {
      const tuned = await tuneModel(await loadModel(file), options, (done, total) => {
        terminal.err(`${done} of ${total} classes of work\n`);
      });
      terminal.out(json ? `${JSON.stringify(tuned)}\n` : formatTuning(tuned));
      finish(0);
    });
}
