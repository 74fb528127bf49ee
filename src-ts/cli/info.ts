// `deepfool info`: what a model file holds and how it is read.
import { Command } from 'commander';
import { describeModel, loadModel, type ModelDescription } from '../api/model.ts';
import { estimateAttack, estimatedNames } from '../api/estimate.ts';
import { planAttack, type PlanOptions } from '../api/plan.ts';
import { OptionError } from '../core/errors.ts';
import { formatEstimate, type Estimate } from '../report/estimate.ts';
import { formatPlan, type StepPlan } from '../report/plan.ts';
import { addStepOptions } from './step-options.ts';
import type { Terminal } from './terminal.ts';
import { parseNumber } from './values.ts';

interface Flags extends PlanOptions {
  readonly plan?: boolean;
  readonly estimate?: string;
  readonly steps?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

export function infoCommand(terminal: Terminal, finish: (status: number) => void): Command {
  const command = new Command('info')
    .description('Describe a model: its input, classes, operators, and what was assumed.')
    .argument('<model>', 'the classifier, an ONNX file')
    .option('--plan', 'also tell what a step of the attack does: kernels, buffers, memory')
    .option('--estimate <gpu>', `how fast an attack would be on ${estimatedNames().join(', ')}`)
    .option(
      '--steps <n>',
      'with --estimate: steps an image takes on average (default: 3)',
      parseNumber,
    );
  return addStepOptions(command)
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async (model: string, { json = false, ...flags }: Flags) => {
      refuseIdleOptions(flags);
      const description = await describeModel(model);
      const more = await planAndEstimate(model, flags);
      terminal.out(
        json ? `${JSON.stringify({ ...description, ...more })}\n` : formatInfo(description, more),
      );
      finish(0);
    });
}

interface PlanAndEstimate {
  readonly plan?: StepPlan;
  readonly estimate?: Estimate;
}

/** What was asked for beyond the model itself. */
async function planAndEstimate(source: string, flags: Flags): Promise<PlanAndEstimate> {
  const { plan = false, estimate: gpu, ...options } = flags;
  if (!plan && gpu === undefined) return {};
  const model = await loadModel(source);
  const estimate = gpu === undefined ? null : estimateAttack(model, gpu, options);
  return {
    ...(plan && { plan: await planAttack(model, options) }),
    ...(estimate !== null && { estimate }),
  };
}

/** Options that would change nothing. */
function refuseIdleOptions({ debug: _debug, plan = false, estimate, steps, ...step }: Flags): void {
  if (steps !== undefined && estimate === undefined) {
    throw new OptionError('--steps: it says how long attacks take, so it asks for --estimate');
  }
  const [name] = Object.keys(step);
  if (name === undefined || plan || estimate !== undefined) return;
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new OptionError(`--${flag}: it shapes a step of the attack, so it asks for --plan`);
}

function formatInfo(model: ModelDescription, { plan, estimate }: PlanAndEstimate): string {
  const parts = [formatModel(model)];
  if (plan !== undefined) parts.push(formatPlan(plan));
  if (estimate !== undefined) parts.push(formatEstimate(estimate));
  return parts.join('\n');
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
