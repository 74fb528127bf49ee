// `deepfool experiment`: the paper's tables on networks given, beside the paper's numbers.
import { Command } from 'commander';
import { InterruptedError } from '../experiment/experiment.ts';
import { EXPERIMENT_NAMES, runExperiment, type ExperimentOptions } from '../experiment/run.ts';
import { catchInterrupts } from './interrupt.ts';
import type { Terminal } from './terminal.ts';

export function experimentCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('experiment')
    .summary("repeat the paper's experiments")
    .description(
      "Repeat an experiment of the paper and write its numbers beside the paper's: CSV, JSON, SVG, PNG. " +
        'The same command goes on where it was stopped.',
    )
    .argument('<name>', EXPERIMENT_NAMES.join(', '))
    .requiredOption('--out <dir>', 'folder for the results')
    .option(
      '--quick',
      'subsets: ten minutes on two cores, but for the 1,000 images of tables 1 and 2',
    )
    .option('--models <dir>', 'folder of the networks (default: models of DEEPFOOL_SHARED)')
    .option('--data <dir>', 'folder of the data sets (default: data of DEEPFOOL_SHARED)')
    .option(
      '--networks <a,b>',
      'only these networks, by the names of their files',
      (text: string) => text.split(','),
    )
    .option('--device <name>', 'auto, webgpu, or part of the name of an adapter (default: auto)')
    .option('--debug', 'print the stack of an error')
    .action(async (name: string, options: ExperimentOptions) => {
      const interrupt = catchInterrupts();
      try {
        await runExperiment(name, options, {
          signal: interrupt.signal,
          onNote: (note) => {
            terminal.err(`${note}\n`);
          },
        });
        terminal.out(`${name}: done, in ${options.out}\n`);
        finish(0);
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        finish(interrupt.status());
      } finally {
        interrupt.release();
      }
    });
}
