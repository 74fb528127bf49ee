// The options that shape a step of the attack: `attack` takes them to run it, `info` to plan it.
import type { Command } from 'commander';
import {
  parseBounds,
  parseCandidates,
  parseCount,
  parseList,
  parseNorm,
  parseNumber,
  parseWhole,
} from './values.ts';

/** Adds DeepFool's options, the device and the batch to a command. */
export function addStepOptions(command: Command): Command {
  return command
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
    .option(
      '--lazy <slack>',
      'leave out classes estimated beyond this many times the nearest, ≥ 1 (default: none)',
      parseNumber,
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
    .option('--target <class>', 'attack towards this class', parseWhole)
    .option('--device <name>', 'auto, webgpu, or part of the name of an adapter (default: auto)')
    .option(
      '--batch <n>',
      'images attacked at a time (default: 64, or as many as fit)',
      parseCount,
    );
}
