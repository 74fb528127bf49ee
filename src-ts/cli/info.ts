// `deepfool info`: what a model file holds and how it is read.
import { Command } from 'commander';
import { describeModel, loadModel, type ModelDescription } from '../api/model.ts';
import { planAttack, type PlanOptions } from '../api/plan.ts';
import { OptionError } from '../core/errors.ts';
import { formatPlan } from '../report/plan.ts';
import { addStepOptions } from './step-options.ts';
import type { Terminal } from './terminal.ts';

interface Flags extends PlanOptions {
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
}

export function infoCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const command = new Command('info')
    .description('Describe a model: its input, classes, operators, and what was assumed.')
    .argument('<model>', 'the classifier, an ONNX file')
    .option('--plan', 'also tell what a step of the attack does: kernels, buffers, memory');
  return addStepOptions(command)
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async (model: string, { plan: wanted = false, json = false, ...options }: Flags) => {
      if (!wanted) refuseStepOptions(options);
      const description = await describeModel(model);
      const plan = wanted ? await planAttack(await loadModel(model), options) : null;
      if (json) terminal.out(`${JSON.stringify({ ...description, ...(plan && { plan }) })}\n`);
      else terminal.out(formatModel(description) + (plan === null ? '' : `\n${formatPlan(plan)}`));
      finish(0);
    });
}

/** Without a plan they would change nothing. */
function refuseStepOptions({ debug: _debug, ...options }: Flags): void {
  const [name] = Object.keys(options);
  if (name === undefined) return;
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new OptionError(`--${flag}: it shapes a step of the attack, so it asks for --plan`);
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
