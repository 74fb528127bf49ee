// `deepfool report`: one page over a folder of experiments.
import { Command } from 'commander';
import { writeReport, type ReportOptions } from '../report/report.ts';
import type { Terminal } from './terminal.ts';

export function reportCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('report')
    .summary('make one page of a folder of experiments')
    .description(
      'Write one HTML page over all experiments of a folder: tables beside the paper, figures, images. ' +
        'It needs no network and nothing beside it.',
    )
    .argument('<dir>', 'folder that experiments were written to')
    .option('--out <file>', 'the page (default: report.html in the folder)')
    .option('--debug', 'print the stack of an error')
    .action(async (folder: string, options: ReportOptions) => {
      terminal.out(`${await writeReport(folder, options)}\n`);
      finish(0);
    });
}
