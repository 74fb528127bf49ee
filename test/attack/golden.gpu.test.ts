// Real models and images, against results that an independent program computed in float64. They lie in
// the folder that DEEPFOOL_SHARED names; without it these tests are skipped, and one line says so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../../src-ts/attack/options.ts';
import type { AttackRecord } from '../../src-ts/attack/record.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { importOnnx, type ImportedModel } from '../../src-ts/onnx/import-onnx.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const present = existsSync(join(shared, 'golden'));
if (!present) console.log(`skipped: golden results of DeepFool (no ${shared}/golden)`);

interface GoldenRow {
  readonly predicted: number;
  readonly adversarial: number;
  readonly steps: number;
  readonly l2: number;
  readonly linf: number;
}

/** Rows of the golden file for these options, at most `count`. */
function goldenRows(model: string, { norm = 2, stabilizer = 0 }: DeepFoolOptions): GoldenRow[] {
  const p = norm === Infinity ? 'inf' : String(norm);
  const file = `${model}-p${p}-stabilizer${stabilizer === 0 ? '0' : '1e-4'}.csv`;
  const rows = parse<Record<keyof GoldenRow, string>>(readFileSync(join(shared, 'golden', file)), {
    columns: true,
  });
  return rows.map((row) => ({
    predicted: Number(row.predicted),
    adversarial: Number(row.adversarial),
    steps: Number(row.steps),
    l2: Number(row.l2),
    linf: Number(row.linf),
  }));
}

let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

const models = new Map<string, ImportedModel>();
function modelNamed(name: string): ImportedModel {
  const known = models.get(name);
  if (known !== undefined) return known;
  const model = importOnnx(readFileSync(join(shared, 'models', `${name}.onnx`)), { name });
  models.set(name, model);
  return model;
}

async function attackFirst(
  name: string,
  data: string,
  count: number,
  options: DeepFoolOptions,
  batch = 64,
): Promise<AttackRecord[]> {
  const model = modelNamed(name);
  const dataset = await openDataset(join(shared, 'data', data));
  const { channels } = model.inputShape;
  const samples = await Promise.all(
    Array.from({ length: count }, (_, i) => dataset.load(i, { channels: channels === 1 ? 1 : 3 })),
  );
  const attack = await DeepFoolAttack.create(executor, model, options, { batch });
  const records: AttackRecord[] = [];
  for await (const { record } of attack.attack(samples)) records.push(record);
  attack.dispose();
  return records;
}

interface Agreement {
  /** Images with the same classes and steps. */
  readonly same: number;
  /** Images whose perturbation is as large, to 1e-4. */
  readonly close: number;
  readonly fooled: number;
  readonly sameClass: number;
  readonly medianDifference: number;
}

function compare(
  records: readonly AttackRecord[],
  rows: readonly GoldenRow[],
  norm: number,
): Agreement {
  const field = norm === Infinity ? 'linf' : 'l2';
  const differences = records.map((record, i) =>
    Math.abs((record[field] ?? Infinity) / rows[i]![field] - 1),
  );
  const count = (holds: (record: AttackRecord, row: GoldenRow, i: number) => boolean): number =>
    records.filter((record, i) => holds(record, rows[i]!, i)).length;
  return {
    same: count(
      (record, row) =>
        record.predicted === row.predicted &&
        record.adversarial === row.adversarial &&
        record.steps === row.steps,
    ),
    close: differences.filter((difference) => difference <= 1e-4).length,
    fooled: count(({ status }) => status === 'fooled'),
    sameClass: count((record, row) => record.adversarial === row.adversarial),
    medianDifference: differences.sort((a, b) => a - b)[differences.length >> 1]!,
  };
}

describe.skipIf(!present)('results equal the golden files', () => {
  it.each<[string, string, DeepFoolOptions, number?]>([
    ['lenet-mnist', 'mnist', {}],
    ['lenet-mnist', 'mnist', { stabilizer: 1e-4 }],
    ['lenet-mnist', 'mnist', { norm: Infinity }],
    ['lenet-mnist', 'mnist', { norm: Infinity, stabilizer: 1e-4 }, 50],
    ['lenet-mnist', 'mnist', { norm: 1.5, stabilizer: 1e-4 }],
    ['lenet-mnist', 'mnist', { norm: 3, stabilizer: 1e-4 }],
    ['fc500-150-10-mnist', 'mnist', {}],
    ['fc500-150-10-mnist', 'mnist', { stabilizer: 1e-4 }],
    ['fc500-150-10-mnist', 'mnist', { norm: Infinity }],
    ['fc500-150-10-mnist', 'mnist', { norm: Infinity, stabilizer: 1e-4 }],
    ['lenet-cifar10', 'cifar10', { stabilizer: 1e-4 }],
    ['lenet-cifar10', 'cifar10', { norm: Infinity, stabilizer: 1e-4 }, 25],
  ])('%s on %s with %j', async (name, data, options, limit = 100) => {
    const rows = goldenRows(name, options).slice(0, limit);
    const records = await attackFirst(name, data, rows.length, options);
    const { same, close } = compare(records, rows, options.norm ?? 2);
    const enough = Math.floor(0.98 * rows.length);
    expect(same, 'images with the same classes and steps').toBeGreaterThanOrEqual(enough);
    expect(close, 'images with the same norm').toBeGreaterThanOrEqual(enough);
  });

  it.each<[DeepFoolOptions]>([[{}], [{ norm: Infinity }]])(
    'MobileNetV2 on crops of ImageNet with %j',
    async (options) => {
      const count = 2;
      const name = 'mobilenetv2-imagenet';
      const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
      const records = await attackFirst(name, 'imagenet/crops', count, {
        ...options,
        ...normalization,
      });
      const rows = goldenRows(name, options).slice(0, count);
      const agreement = compare(records, rows, options.norm ?? 2);
      expect(agreement).toMatchObject({ fooled: count, sameClass: count });
      expect(agreement.medianDifference).toBeLessThan(1e-3);
    },
  );
});
