// The models and images that benches attack, from the folder that DEEPFOOL_SHARED names.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../src-ts/attack/options.ts';
import type { AttackImage, AttackRecord } from '../src-ts/attack/record.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';

export interface Subject {
  readonly name: string;
  readonly model: ImportedModel;
  readonly images: readonly AttackImage[];
  /** Normalisation that is no part of the file. */
  readonly options: DeepFoolOptions;
}

export type SubjectName = 'lenet-mnist' | 'nin-cifar10' | 'mobilenetv2-imagenet';

const SHARED = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../shared');
const SOURCES: Readonly<Record<SubjectName, { data: string; options: DeepFoolOptions }>> = {
  'lenet-mnist': { data: 'mnist', options: {} },
  'nin-cifar10': { data: 'cifar10', options: {} },
  'mobilenetv2-imagenet': {
    data: 'imagenet/crops',
    options: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  },
};

/** Where a subject's model and images are. Throws where they are not. */
export function locateSubject(name: SubjectName): { name: string; file: string; folder: string } {
  const { data } = SOURCES[name];
  const [file, folder] = [join(SHARED, `models/${name}.onnx`), join(SHARED, 'data', data)];
  for (const path of [file, folder]) {
    if (!existsSync(path))
      throw new Error(`no ${path}; DEEPFOOL_SHARED names the folder to look in`);
  }
  return { name, file, folder };
}

/** The first images of a data set, and a model for them. Throws where they are not. */
export async function loadSubject(name: SubjectName, count: number): Promise<Subject> {
  const { options } = SOURCES[name];
  const { file, folder } = locateSubject(name);
  const model = importOnnx(readFileSync(file), { name });
  const dataset = await openDataset(folder);
  const channels = model.inputShape.channels === 1 ? 1 : 3;
  const indices = Array.from({ length: count }, (_, index) => index);
  const images = await Promise.all(indices.map((index) => dataset.load(index, { channels })));
  return { name, model, images, options };
}

export async function attackAll(
  attack: DeepFoolAttack,
  images: Iterable<AttackImage>,
): Promise<AttackRecord[]> {
  const records = [];
  for await (const { record } of attack.attack(images)) records.push(record);
  return records;
}
