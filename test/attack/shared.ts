// Real models and images, from the folder that DEEPFOOL_SHARED names; without it one line says so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '../../src-ts/data/dataset.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import { importOnnx, type ImportedModel } from '../../src-ts/onnx/import-onnx.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');

/** Whether they are here. */
export const SHARED = existsSync(join(shared, 'models'));
if (!SHARED) console.log(`skipped: attacks on real networks (no ${shared}/models)`);

/** A file or folder there. */
export const sharedPath = (...names: readonly string[]): string => join(shared, ...names);

export function realModel(name: string): ImportedModel {
  return importOnnx(readFileSync(join(shared, 'models', `${name}.onnx`)), { name });
}

export async function realImages(data: string, count: number): Promise<AttackImage[]> {
  const dataset = await openDataset(join(shared, 'data', data), { split: 'test' });
  return Promise.all(Array.from({ length: count }, (_, index) => dataset.load(index)));
}
