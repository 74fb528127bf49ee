// `deepfool attack`: runs DeepFool over a data set and tells what it took.
import { Command } from 'commander';
import { attackDataset, type RunOptions } from '../api/attack-dataset.ts';
import { formatSummary } from '../report/summary.ts';
import { catchInterrupts } from './interrupt.ts';
import { openProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import {
  parseBounds,
  parseCandidates,
  parseCount,
  parseList,
  parseNorm,
  parseNumber,
  parseWhole,
} from './values.ts';

type Flags = RunOptions & { readonly json?: boolean };

export function attackCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('attack')
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
    .option('--range <a:b>', 'images a to b − 1, counted from 0 (default: all)')
    .option(
      '--norm <p>',
      'norm of the perturbation: 2, inf, 1 or any p ≥ 1 (default: 2)',
      parseNorm,
    )
    .option('--overshoot <number>', 'how far past the boundary (default: 0.02)', parseNumber)
    .option(
      '--candidates <n|all>',
      'classes considered for each image (default: 10)',
      parseCandidates,
    )
    .option('--max-steps <n>', 'steps before an image is given up (default: 50)', parseCount)
    .option(
      '--stabilizer <number>',
      "added to each step; 1e-4 is the authors' code (default: 0)",
      parseNumber,
    )
    .option('--bounds <low,high>', 'keep adversarial images within these values', parseBounds)
    .option('--mean <a,b,c>', 'subtracted from each channel before the model', parseList)
    .option('--std <a,b,c>', 'divides each channel after that', parseList)
    .option('--resize <pixels>', 'scale the shorter side of image files to this', parseCount)
    .option('--crop <pixels>', 'then keep the centred square of this side', parseCount)
    .option('--target <class>', 'attack towards this class', parseWhole)
    .option('--refine', 'bisect along each result for the part of it that is enough')
    .option('--only-correct', 'leave out images that are not classified as labelled')
    .option('--device <name>', 'auto, webgpu, or part of the name of an adapter (default: auto)')
    .option('--batch <n>', 'images attacked at a time (default: 64, or as many as fit)', parseCount)
    .option('--out <file>', 'write one record an image: .ndjson or .csv')
    .option('--contact-sheet <file.png>', 'draw a dozen of the fooled images')
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
        progress.update(done, total, fooled);
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
