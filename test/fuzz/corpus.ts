// The files that mutations start from: ONNX's operator tests, the models of the shared folder, and the
// example. Small files come often, large ones seldom, so that a run sees many cases.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { decodeTensor } from '../../src-ts/onnx/proto/decode.ts';

export interface Seed {
  readonly file: string;
  readonly bytes: number;
}

const ROOT = path.join(import.meta.dirname, '../..');
const SHARED = process.env['DEEPFOOL_SHARED'] ?? path.join(ROOT, '../shared');

const modelsIn = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
  return names.sort().map((name) => path.join(folder, name));
};

const casesIn = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  const models = readdirSync(folder).sort();
  return models.map((name) => path.join(folder, name, 'model.onnx')).filter(existsSync);
};

/** All seeds there are, in a fixed order. */
export function findSeeds(): Seed[] {
  const files = [
    ...modelsIn(path.join(ROOT, 'examples')),
    ...modelsIn(path.join(SHARED, 'models')),
    ...modelsIn(path.join(SHARED, 'truth')),
    ...casesIn(path.join(SHARED, 'conformance/node')),
  ];
  return files.map((file) => ({ file, bytes: statSync(file).size }));
}

/** One of 50 cases starts from a file of megabytes, one of 8 from one of more than 64 KiB. */
export function pickSeed(seeds: readonly Seed[], random: () => number): Seed {
  const draw = random();
  const limit = draw < 0.02 ? Infinity : draw < 0.12 ? 2 ** 20 : 2 ** 16;
  const floor = draw < 0.02 ? 2 ** 20 : draw < 0.12 ? 2 ** 16 : 0;
  const fitting = seeds.filter(({ bytes }) => bytes >= floor && bytes < limit);
  const pool = fitting.length > 0 ? fitting : seeds;
  return pool[Math.floor(random() * pool.length)]!;
}

const held = new Map<string, Uint8Array>();

export function readSeed({ file }: Seed): Uint8Array {
  const known = held.get(file);
  if (known !== undefined) return known;
  const bytes = readFileSync(file);
  held.set(file, bytes);
  return bytes;
}

/** The stored inputs of an operator test that index or parametrise, by position. */
export function parametersOf({ file }: Seed): { position: number; value: Tensor }[] {
  const folder = path.join(path.dirname(file), 'test_data_set_0');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith('input_'));
  return names.flatMap((name) => {
    try {
      const position = Number(/(\d+)/.exec(name)![1]);
      const value = decodeTensor(readFileSync(path.join(folder, name)), {
        name,
        baseDir: null,
      }).load();
      return value.dtype === 'float32' && value.shape.length !== 1 ? [] : [{ position, value }];
    } catch {
      return []; // sequences and strings
    }
  });
}
