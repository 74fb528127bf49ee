// Experiments go on where they were, and refuse what cannot be done before any work.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ExperimentFolder } from '../../src-ts/experiment/folder.ts';
import { runExperiment } from '../../src-ts/experiment/run.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';

const temporary = temporaryFolder();

it('a step is computed once for its settings, and again for others', async () => {
  const path = join(temporary.path, 'steps');
  let runs = 0;
  const compute = (): Promise<{ runs: number }> => Promise.resolve({ runs: ++runs });
  const first = await ExperimentFolder.open(path);
  expect(await first.step('a', { images: 10 }, compute)).toEqual({ runs: 1 });
  const later = await ExperimentFolder.open(path);
  expect(await later.step('a', { images: 10 }, compute)).toEqual({ runs: 1 });
  expect(await later.step('a', { images: 20 }, compute)).toEqual({ runs: 2 });
});

it('tells of kept steps which other version computed them', async () => {
  const path = join(temporary.path, 'versions');
  const first = await ExperimentFolder.open(path);
  await first.step('a', {}, () => Promise.resolve(3));
  const [file] = (await readdir(join(path, 'steps'))).filter((name) => name.startsWith('a-'));
  const later = await ExperimentFolder.open(path);
  expect(await later.step('a', {}, () => Promise.resolve(4))).toBe(3);
  expect([...later.otherMakers]).toEqual([]);
  await writeFile(join(path, 'steps', file!), '{"maker":"version 0.0.1","value":3}');
  expect(await later.step('a', {}, () => Promise.resolve(4))).toBe(3);
  expect([...later.otherMakers]).toEqual(['version 0.0.1']);
});

it('a kept step that cannot be read is told by its file', async () => {
  const folder = await ExperimentFolder.open(join(temporary.path, 'unreadable'));
  await folder.step('a', {}, () => Promise.resolve(3));
  const [file] = (await readdir(join(folder.path, 'steps'))).filter((name) =>
    name.startsWith('a-'),
  );
  await rm(join(folder.path, 'steps', file!));
  await mkdir(join(folder.path, 'steps', file!));
  await expect(folder.step('a', {}, () => Promise.resolve(4))).rejects.toThrow(
    /a-\w+\.json: cannot be read: /,
  );
});

it('a step that fails leaves nothing behind', async () => {
  const folder = await ExperimentFolder.open(join(temporary.path, 'failed'));
  const fail = (): Promise<number> => Promise.reject(new Error('stopped'));
  await expect(folder.step('a', {}, fail)).rejects.toThrow('stopped');
  expect(await folder.step('a', {}, () => Promise.resolve(3))).toBe(3);
});

it('a kept step that is damaged is told by its file', async () => {
  const folder = await ExperimentFolder.open(join(temporary.path, 'damaged'));
  await folder.step('a', {}, () => Promise.resolve(3));
  const [file] = (await readdir(join(folder.path, 'steps'))).filter((name) =>
    name.startsWith('a-'),
  );
  for (const text of ['{"settings":{},"val', '7', 'null']) {
    await writeFile(join(folder.path, 'steps', file!), text);
    await expect(folder.step('a', {}, () => Promise.resolve(4))).rejects.toThrow(
      /a-\w+\.json: damaged: expected a step and its value/,
    );
  }
});

it('refuses an unknown experiment, network and missing files by name', async () => {
  const out = join(temporary.path, 'out');
  await expect(runExperiment('table9', { out })).rejects.toThrow(
    /^experiment: expected table1, table2, .*, all; got "table9"$/,
  );
  const here = { out, models: temporary.path, data: temporary.path };
  await expect(runExperiment('table1', { ...here, networks: ['vgg'] })).rejects.toThrow(
    /^--networks: expected some of lenet-mnist, .*; got "vgg"$/,
  );
  await expect(runExperiment('table1', here)).rejects.toThrow(
    /its model is missing: expected .*lenet-mnist\.onnx$/,
  );
});

it('refuses networks that an experiment is not about, and data without training images', async () => {
  const models = join(temporary.path, 'models');
  const data = join(temporary.path, 'data');
  await put(join(models, 'lenet-mnist.onnx'), '');
  await put(join(data, 'mnist', 't10k-images-idx3-ubyte'), idx([1, 1, 1], [0]));
  const here = { out: join(temporary.path, 'out'), models, data };
  const tables = runExperiment('table3', { ...here, networks: ['mobilenetv2-imagenet'] });
  await expect(tables).rejects.toThrow(
    /^--networks: table3 is about fc500-150-10-mnist, .*; got mobilenetv2-imagenet$/,
  );
  const figure = runExperiment('fig6', { ...here, networks: ['lenet-mnist'] });
  await expect(figure).rejects.toThrow(/mnist: .*split.*train/);
  expect(existsSync(here.out)).toBe(false);
});

it('refuses a folder that cannot be written', async () => {
  const file = join(temporary.path, 'a-file');
  await writeFile(file, '');
  await expect(ExperimentFolder.open(join(file, 'below'))).rejects.toThrow(/cannot be written/);
});
