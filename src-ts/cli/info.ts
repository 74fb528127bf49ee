// `deepfool info`: what a model file holds and how it is read.
import { Command } from 'commander';
import { describeModel, type ModelDescription } from '../api/model.ts';
import type { Terminal } from './terminal.ts';

export function infoCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('info')
    .description('Describe a model: its input, classes, operators, and what was assumed.')
    .argument('<model>', 'the classifier, an ONNX file')
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async (model: string, { json = false }: { json?: boolean }) => {
      const description = await describeModel(model);
      terminal.out(json ? `${JSON.stringify(description)}\n` : formatModel(description));
      finish(0);
    });
}

/** One fact a line. */
export function formatModel(model: ModelDescription): string {
  const { inputs, image, classes, batchable, opset, ir_version, producer, operators } = model;
  const counts = Object.entries(operators).map(([name, n]) => (n === 1 ? name : `${name} × ${n}`));
  const facts: (readonly [string, string])[] = [
    ['input', inputs.join(', ')],
    ['read as', `${image.join(' × ')} (channels × height × width)`],
    ['classes', classes === 1 ? '1 output: binary, by its sign' : String(classes)],
    ['batch', batchable ? 'any' : 'one image at a time'],
    ['format', `ONNX opset ${opset}, IR version ${ir_version}`],
    ['producer', producer === '' ? 'not told' : producer],
    ['size', `${model.nodes} nodes, ${model.parameters.toLocaleString('en')} parameters`],
    ['operators', counts.join(', ')],
    ...model.notes.map((note, at) => [at === 0 ? 'notes' : '', note] as const),
  ];
  const lines = facts.map(([name, text]) => `  ${name.padEnd(9)}   ${text}`);
  return `${model.model}\n\n${lines.join('\n')}\n`;
}
