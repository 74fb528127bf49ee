// `deepfool train`: trains a network from random weights, or a model further.
import { Command } from 'commander';
import { NETWORKS } from '../networks/index.ts';
import { trainModel, type TrainingOptions } from '../api/train.ts';
import type { Terminal } from './terminal.ts';
import { addTrainingOptions } from './training-options.ts';
import { runWithProgress } from './training-run.ts';
import { parseCount, parseNumber } from './values.ts';

type Flags = TrainingOptions & { readonly json?: boolean };

export function trainCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const names = Object.entries(NETWORKS).map(([name, { about }]) => `  ${name.padEnd(15)}${about}`);
  const command = new Command('train')
    .summary('train a classifier')
    .description('Train a network from random weights, or the model of an ONNX file further.')
    .argument('<network>', 'the name of a network, or an ONNX file')
    .addHelpText('after', `\nNetworks:\n${names.join('\n')}`)
    .option('--epochs <n>', 'passes over the images (default: 10)', parseCount)
    .option('--lr <number>', 'learning rate (default: 0.01; adam: 0.001)', parseNumber);
  return addTrainingOptions(command).action(async (network: string, flags: Flags) => {
    const { json = false, ...options } = flags;
    finish(await runWithProgress(terminal, json, (watch) => trainModel(network, options, watch)));
  });
}
