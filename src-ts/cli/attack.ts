// `deepfool attack`: runs DeepFool, or a baseline, over a data set and tells what it took.
import { Command, Option } from 'commander';
import { METHODS } from '../attack/attack.ts';
import { attackDataset, type RunOptions } from '../api/attack-dataset.ts';
import { formatSummary } from '../report/summary.ts';
import { catchInterrupts } from './interrupt.ts';
import { openProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { addStepOptions } from './step-options.ts';
import { parseCount, parseNumber } from './values.ts';

type Flags = RunOptions & { readonly json?: boolean };

export function attackCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const command = new Command('attack')
    .summary('find how little it takes to fool a classifier')
    .description(
      'For each image, find the smallest perturbation that changes the predicted class (DeepFool).',
    )
    .argument('<model>', 'the classifier, an ONNX file')
    .requiredOption(
      '--data <path>',
      'images: IDX, CIFAR-10 binary, a folder or tar of class folders, a folder with labels.csv, …',
    )
    .option('--split <name>', 'train, test or val (default: test, if there is one)')
    .option('--range <a:b[:step]>', 'images a to b − 1, each step-th, from 0 (default: all)');
  const methods = 'the attack: DeepFool, or what the paper compares it with (default: deepfool)';
  command.addOption(new Option('--method <name>', methods).choices(METHODS));
  return addStepOptions(command)
    .option('--epsilon <number>', 'ε of fgsm (default: misleads 90 % of the images)', parseNumber)
    .option('--resize <pixels>', 'scale the shorter side of image files to this', parseCount)
    .option('--crop <pixels>', 'then keep the centred square of this side', parseCount)
    .option('--refine', 'bisect along each result for the part of it that is enough')
    .option('--quantize', 'lengthen each result until it fools in 8 bits; implies --bounds 0,1')
    .option('--only-correct', 'leave out images that are not classified as labelled')
    .option('--out <file>', 'write one record an image: .ndjson or .csv')
    .option(
      '--trace <file.json>',
      'trace kernels, transfers and loading (chrome://tracing, Perfetto)',
    )
    .option('--contact-sheet <file.png>', 'draw a dozen of the fooled images')
    .option('--save-images <dir>', 'write adversarial images as PNG files and check those again')
    .option('--class-names <file>', 'names of the classes for the sheet, one a line')
    .option('--json', 'print the summary as one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async (model: string, flags: Flags) => {
      finish(await runAttack(model, flags, terminal));
    });
}

async function runAttack(model: string, flags: Flags, terminal: Terminal): Promise<number> {
  const progress = openProgress(terminal);
  const interrupt = catchInterrupts();
  try {
    const { json = false, ...options } = flags;
    const summary = await attackDataset(model, options, {
      signal: interrupt.signal,
      onNote: progress.note,
      onProgress: ({ done, total, fooled }) => {
        progress.update(done, total, `${fooled} fooled`);
      },
    });
    progress.stop();
    terminal.out(json ? `${JSON.stringify(summary)}\n` : `\n${formatSummary(summary)}`);
    if (summary.interrupted) return interrupt.status();
    if (summary.images > summary.failed) return 0;
    terminal.err('deepfool: no image was attacked\n');
    return 1;
  } finally {
    progress.stop();
    interrupt.release();
  }
}
