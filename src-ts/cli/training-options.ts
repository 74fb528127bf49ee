// The options that `deepfool train` and `deepfool finetune` share.
import { type Command, Option } from 'commander';
import { parseCount, parseList, parseNumber, parseWhole } from './values.ts';

export function addTrainingOptions(command: Command): Command {
  return command
    .requiredOption('--data <path>', 'labelled images: IDX, CIFAR-10 binary, class folders, …')
    .requiredOption('--out <file.onnx>', 'write the network here after every epoch')
    .option('--range <a:b[:step]>', 'train on images a to b − 1, from 0 (default: all)')
    .option('--test-range <a:b>', 'score these images of the test split (default: all)')
    .option('--batch <n>', 'images in a step (default: 64)', parseCount)
    .addOption(
      new Option('--optimizer <name>', 'sgd or adam (default: sgd)').choices(['sgd', 'adam']),
    )
    .option('--momentum <number>', 'of sgd (default: 0.9)', parseNumber)
    .option('--weight-decay <number>', 'pulls weights towards 0 (default: 0)', parseNumber)
    .addOption(
      new Option('--schedule <name>', 'of the learning rate (default: constant)').choices([
        ...['constant', 'step', 'cosine'],
      ]),
    )
    .option('--lr-steps <a,b>', 'epochs after which the step schedule lowers the rate', parseList)
    .option('--lr-decay <number>', 'what it is multiplied by then (default: 0.1)', parseNumber)
    .option('--flip', 'mirror images at random')
    .option('--shift <pixels>', 'move images at random by up to this', parseWhole)
    .option('--resize <pixels>', 'scale the shorter side of image files to this', parseCount)
    .option('--crop <pixels>', 'then keep the centred square of this side', parseCount)
    .option('--seed <n>', 'what everything random is a function of (default: 0)', parseWhole)
    .option('--resume', 'go on from the checkpoint beside --out')
    .option('--device <name>', 'auto, webgpu, or part of the name of an adapter (default: auto)')
    .option('--json', 'print the summary as one JSON object')
    .option('--debug', 'print the stack of an error');
}
