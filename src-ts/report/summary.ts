// The outcome of a run in one object, as `--json` prints it, and the same for people.
import { basename } from 'node:path';
import { count, formatNorm, formatNumber, formatPercent } from './numbers.ts';
import type { Totals } from './tally.ts';

export interface Summary extends Totals {
  /** Wall time of the attack in seconds, reading images included, set-up not. */
  readonly seconds: number;
  readonly images_per_second: number | null;
  readonly device: string;
  /** Name and hash of the table that kernel variants came from. */
  readonly tuning: string;
  /** `deepfool`, `fgsm`, `fgsm-float32` or `lbfgs`. */
  readonly method: string;
  /** A number ≥ 1, or `inf`. */
  readonly norm: number | 'inf';
  readonly overshoot: number;
  readonly candidates: number | 'all';
  /** The slack of lazy candidates; null when all are considered in every step. */
  readonly lazy: number | null;
  readonly max_steps: number;
  readonly stabilizer: number;
  readonly bounds: readonly [number, number] | null;
  /** Fast gradient sign's, given or found; null of other methods. */
  readonly epsilon: number | null;
  readonly target: number | null;
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
  readonly quantize: boolean;
  readonly only_correct: boolean;
  readonly batch: number;
  readonly model: string;
  readonly data: string;
  readonly split: string | null;
  /** `start:end` or `start:end:step`, the images of the data set that were meant. */
  readonly range: string;
  readonly out: string | null;
  readonly contact_sheet: string | null;
  readonly save_images: string | null;
  /** Whether the run was stopped before its last image. */
  readonly interrupted: boolean;
  /** What was assumed or changed, in sentences. */
  readonly notes: readonly string[];
}

/** A readable summary: a title, then one fact a line. */
export function formatSummary(summary: Summary): string {
  const facts = factsOf(summary);
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, text]) => `  ${name.padEnd(width)}   ${text}`);
  return `${titleOf(summary)}\n\n${lines.join('\n')}\n`;
}

/** What people call the methods. */
const TITLES: Readonly<Record<string, string>> = {
  deepfool: 'DeepFool',
  fgsm: 'Fast gradient sign',
  'fgsm-float32': 'Fast gradient sign (float32)',
  lbfgs: 'L-BFGS',
};

function titleOf({ method, model, data, split, range, interrupted }: Summary): string {
  const from = split === null ? data : `${data} (${split})`;
  const stopped = interrupted ? ', stopped early' : '';
  return `${TITLES[method] ?? method} on ${basename(model)}, images ${range} of ${from}${stopped}`;
}

type Fact = readonly [name: string, text: string];

function factsOf(s: Summary): Fact[] {
  const { images, fooled, notes } = s;
  return [
    ['images', `${images}${averaged(s)}`],
    ['fooled', `${fooled} of ${images} (${formatPercent(s.fooling_rate)})${unfooled(s)}`],
    [`ρ, p = ${formatNorm(normOf(s))}`, rhoText(s)],
    ...optional(s.rho_input_mean !== null, 'ρ of the input', inputText(s)),
    ...optional(
      s.rho_refined_mean !== null,
      'ρ refined',
      `mean ${formatNumber(s.rho_refined_mean)}`,
    ),
    ...optional(s.quantize, 'ρ quantized', quantizedText(s)),
    ['steps', stepsText(s)],
    ...optional(s.accuracy !== null, 'top-1 accuracy', formatPercent(s.accuracy)),
    ['outside [0, 1]', outsideText(s)],
    ...optional(s.survives_8bit !== null, 'in 8 bits', survivalText(s)),
    ['speed', speedText(s)],
    ['device', s.device],
    ['settings', settingsText(s)],
    ...notes.map((note, at): Fact => [at === 0 ? 'notes' : '', note]),
    ...optional(s.out !== null, 'results', s.out ?? ''),
    ...optional(s.contact_sheet !== null, 'contact sheet', s.contact_sheet ?? ''),
    ...optional(
      s.save_images !== null,
      'images',
      `${s.save_images ?? ''}, ${count(s.saved, 'file')}`,
    ),
  ];
}

const optional = (holds: boolean, name: string, text: string): Fact[] =>
  holds ? [[name, text]] : [];

const normOf = ({ norm }: Summary): number => (norm === 'inf' ? Infinity : norm);

function averaged({ only_correct, skipped, accuracy }: Summary): string {
  if (only_correct) return `, the correctly classified ones; ${skipped} others left out`;
  return accuracy === null ? ', whatever their label' : ', correctly classified or not';
}

function unfooled({ exhausted, stalled, failed, first_error }: Summary): string {
  const parts = counts({ exhausted, stalled, failed });
  const first = first_error === null ? '' : ` (${failed > 1 ? 'first ' : ''}${first_error})`;
  return parts === '' ? '' : `; ${parts}${first}`;
}

/** `2 exhausted, 1 failed`, without those that are 0. */
function counts(numbers: Readonly<Record<string, number>>): string {
  const some = Object.entries(numbers).filter(([, n]) => n > 0);
  return some.map(([name, n]) => `${n} ${name}`).join(', ');
}

function rhoText(s: Summary): string {
  const { rho_mean, rho_median, rho_left_out, images, fooled, exhausted, stalled, failed } = s;
  if (rho_mean === null) return '– (no image was fooled)';
  const values = `mean ${formatNumber(rho_mean)}, median ${formatNumber(rho_median)}`;
  const over = count(images - rho_left_out, 'image');
  if (rho_left_out === 0) return `${values}, over ${images === 1 ? 'the' : 'all'} ${over}`;
  const black = rho_left_out - (images - fooled); // fooled, but without a norm to divide by
  const why = counts({ exhausted, stalled, failed, 'all zero': black });
  return `${values}, over ${over}; ${rho_left_out} left out: ${why}`;
}

function inputText({ rho_input_mean }: Summary): string {
  return `mean ${formatNumber(rho_input_mean)}, of normalised images and perturbations`;
}

function stepsText({ steps_mean, products_per_step }: Summary): string {
  if (steps_mean === null) return '–';
  const each =
    products_per_step === null ? '' : `, ${formatNumber(products_per_step, 3)} gradients each`;
  return `${formatNumber(steps_mean, 3)} on average${each}`;
}

function quantizedText(s: Summary): string {
  const { rho_quantized_mean, quantized_scale_mean, quantized_scale_max } = s;
  if (rho_quantized_mean === null) return '–';
  const scale = `${formatNumber(quantized_scale_mean)} times r̂ on average`;
  return `mean ${formatNumber(rho_quantized_mean)}, ${scale}, at most ${formatNumber(quantized_scale_max)}`;
}

/** Of files when there are some: then those were read again. */
function survivalText({ survives_8bit, fooled, saved, rho_saved_mean, quantize }: Summary): string {
  if (fooled === 0) return '–';
  const some = `${survives_8bit ?? 0} of ${count(fooled, 'adversarial image')} still fool`;
  const files =
    saved > 0 ? `, read back from their files (ρ mean ${formatNumber(rho_saved_mean)})` : '';
  const remedy = survives_8bit === fooled || quantize ? '' : '; --quantize aims at that';
  return `${some}${files}${remedy}`;
}

function outsideText({ leaves_unit_range, fooled, bounds, saved }: Summary): string {
  if (fooled === 0) return '–';
  const clipped = leaves_unit_range > 0 && saved > 0 ? ', clipped when saved' : '';
  const some = `${leaves_unit_range} of ${count(fooled, 'adversarial image')}${clipped}`;
  return leaves_unit_range > 0 && bounds === null ? `${some} (--bounds 0,1 keeps them in)` : some;
}

function speedText({ images_per_second, seconds }: Summary): string {
  return `${formatNumber(images_per_second, 3)} images/s, ${formatNumber(seconds, 3)} s in all`;
}

function settingsText(s: Summary): string {
  const [classes, most] = [`candidates ${s.candidates}`, `max steps ${s.max_steps}`];
  const lazy = s.lazy === null ? [] : [`lazy ${s.lazy}`];
  const own: Readonly<Record<string, readonly string[]>> = {
    deepfool: [`overshoot ${s.overshoot}`, classes, ...lazy, most, `stabilizer ${s.stabilizer}`],
    lbfgs: [classes, most],
  };
  return [
    ...(own[s.method] ?? []),
    s.bounds === null ? 'no bounds' : `bounds ${s.bounds.join(',')}`,
    ...(s.target === null ? [] : [`target ${s.target}`]),
    ...(s.mean === null ? [] : [`mean ${s.mean.join(',')}`]),
    ...(s.std === null ? [] : [`std ${s.std.join(',')}`]),
    ...(s.quantize ? ['quantized'] : []),
    `batch ${s.batch}`,
    `tuning ${s.tuning}`,
  ].join(', ');
}
