// `deepfool finetune`: trains a classifier further on its own adversarial images.
import { Command, Option } from 'commander';
import { finetuneModel, type FinetuneOptions } from '../api/finetune.ts';
import { PERTURBERS } from '../api/perturbations.ts';
import type { Terminal } from './terminal.ts';
import { addTrainingOptions } from './training-options.ts';
import { runWithProgress } from './training-run.ts';
import { parseCount, parseNumber } from './values.ts';

type Flags = FinetuneOptions & { readonly json?: boolean };

export function finetuneCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const command = new Command('finetune')
    .summary('train a classifier further on adversarial images')
    .description(
      'Perturb the training images once, by the network as it is, and train it further on them alone.',
    )
    .argument('<model>', 'the classifier, an ONNX file')
    .addOption(
      new Option('--adversarial <method>', 'what perturbs the images (default: deepfool)').choices([
        ...[...Object.keys(PERTURBERS), 'none'],
      ]),
    )
    .option(
      '--epsilon <number>',
      'ε of fgsm (default: misleads 90 % of the training images)',
      parseNumber,
    )
    .option('--alpha <number>', 'multiplies the perturbations (default: 1)', parseNumber)
    .option('--perturbations <file>', 'keep them here (default: beside --out)')
    .option('--epochs <n>', 'passes over the images (default: 5)', parseCount)
    .option('--lr <number>', 'learning rate of the first training (default: 0.01)', parseNumber)
    .option('--lr-factor <number>', 'the rate is multiplied by this (default: 0.5)', parseNumber);
  return addTrainingOptions(command).action(async (model: string, flags: Flags) => {
    const { json = false, ...options } = flags;
    finish(await runWithProgress(terminal, json, (watch) => finetuneModel(model, options, watch)));
  });
}
