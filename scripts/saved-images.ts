// `npm run saved-images [-- mnist | imagenet]`: how many adversarial images survive being saved, with
// and without --quantize, and what that costs. Every file is read again with sharp and classified by
// onnxruntime, which the last column is about. Models and images are those of the folder
// DEEPFOOL_SHARED (default: ../shared). Exits with 1 when an image that should survive does not.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  deepfool,
  loadModel,
  openDataset,
  openDevice,
  type AttackOptions,
  type AttackRecord,
} from '../src-ts/index.ts';
import { formatNorm, formatNumber } from '../src-ts/report/numbers.ts';
import { Tally } from '../src-ts/report/tally.ts';
import { classifyFiles } from '../test/reference/other-reader.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? path.join(import.meta.dirname, '../../shared');

interface Subject {
  readonly model: string;
  readonly data: string;
  readonly options: AttackOptions;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  mnist: { model: 'lenet-mnist', data: 'mnist', options: { range: '0:100' } },
  imagenet: {
    model: 'mobilenetv2-imagenet',
    data: 'imagenet',
    options: {
      ...{ range: '0:16', resize: 256, crop: 224 },
      ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    },
  },
};
const WAYS: readonly AttackOptions[] = [{}, { bounds: [0, 1] }, { quantize: true }];

const device = await openDevice();
const wanted = process.argv.slice(2);
process.stdout.write(
  '| model | p | options | fooled | ρ | ρ saved | scale of r̂ | survive | by onnxruntime |\n' +
    '|---|---|---|---|---|---|---|---|---|\n',
);
for (const [name, subject] of Object.entries(SUBJECTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const norm of [2, Infinity]) {
    for (const way of WAYS) process.stdout.write(await rowOf(subject, { norm, ...way }));
  }
}
device.dispose();

/** Runs one attack, checks its files, and makes a row of the table. */
async function rowOf({ model, data, options }: Subject, way: AttackOptions): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'saved-images-'));
  try {
    const file = path.join(shared, 'models', `${model}.onnx`);
    const records = await attack(file, path.join(shared, 'data', data), {
      ...{ ...options, ...way, device, saveImages: folder },
      ...{ pixels: false },
    });
    const saved = records.filter(({ saved_as }) => typeof saved_as === 'string');
    const paths = saved.map(({ saved_as }) => path.join(folder, saved_as!));
    const seen = await classifyFiles(file, paths, options);
    const fools = saved.filter(({ predicted }, k) => seen[k] !== predicted).length;
    return tell(model, way, records, fools);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function attack(
  model: string,
  data: string,
  options: AttackOptions,
): Promise<AttackRecord[]> {
  const images = await openDataset(data);
  const results = await deepfool(await loadModel(model), images, options).collect();
  return results.map(({ record }) => record);
}

function tell(
  model: string,
  { norm = 2, bounds, quantize = false }: AttackOptions,
  records: readonly AttackRecord[],
  fools: number,
): string {
  const tally = new Tally();
  for (const record of records) tally.add(record);
  const t = tally.totals();
  if (quantize && (t.survives_8bit !== t.fooled || fools !== t.fooled)) process.exitCode = 1;
  const cells = [
    ...[model, formatNorm(norm)],
    quantize ? '`--quantize`' : bounds === undefined ? '' : `\`--bounds ${bounds.join(',')}\``,
    ...[`${t.fooled} of ${t.images}`, formatNumber(t.rho_mean), formatNumber(t.rho_saved_mean)],
    quantize
      ? `${formatNumber(t.quantized_scale_mean)}, at most ${formatNumber(t.quantized_scale_max)}`
      : '',
    ...[`${t.survives_8bit ?? 0}`, `${fools}`],
  ];
  return `| ${cells.join(' | ')} |\n`;
}
