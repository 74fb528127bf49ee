// Tuning files: read back as they were saved; any that does not fit is told of in one line and ignored.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readTuning, saveTuning, tuningPath } from '../../src-ts/api/tuning-file.ts';
import { OptionError } from '../../src-ts/core/errors.ts';
import type { DeviceInfo } from '../../src-ts/executor/executor.ts';
import { DEFAULT_TABLE, nameTable, type TuningTable } from '../../src-ts/executor/tuning.ts';

const DEVICE: DeviceInfo = {
  name: 'Test GPU',
  backend: 'webgpu',
  software: false,
  vendor: 'maker',
  architecture: 'new',
  description: 'driver 1.2',
};
const ENTRIES = { 'gemm 0 7 10': 'quads 16x1', 'conv_gradx4 8 5 11': 'strips 20x8' };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deepfool-tuning-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('DEEPFOOL_TUNE', 'read');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function read(device = DEVICE): Promise<{ table: TuningTable; lines: string[] }> {
  const lines: string[] = [];
  const table = await readTuning(device, (line) => lines.push(line));
  return { table, lines };
}

function writeRaw(text: string): void {
  const path = tuningPath(DEVICE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const saved = async (): Promise<Record<string, unknown>> => {
  const path = await saveTuning(DEVICE, ENTRIES);
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
};

it('is the default table, without a word, where nothing was tuned', async () => {
  expect(await read()).toEqual({ table: DEFAULT_TABLE, lines: [] });
});

it('reads what was saved', async () => {
  const path = await saveTuning(DEVICE, ENTRIES);
  expect(path.startsWith(join(folder, 'deepfool-webgpu', 'tune-'))).toBe(true);
  expect(await read()).toEqual({ table: { name: 'tuned', entries: ENTRIES }, lines: [] });
});

it('leaves no other file beside the one it replaces', async () => {
  await saveTuning(DEVICE, {});
  const path = await saveTuning(DEVICE, ENTRIES);
  expect(readdirSync(dirname(path))).toEqual([path.split('/').at(-1)]);
});

it('keeps what was there when it cannot save', async () => {
  const path = tuningPath(DEVICE);
  mkdirSync(path, { recursive: true }); // a folder where the file should be
  await expect(saveTuning(DEVICE, ENTRIES)).rejects.toThrow(/cannot be written/);
  expect(readdirSync(dirname(path))).toEqual([path.split('/').at(-1)]);
  const { table, lines } = await read();
  expect(table).toBe(DEFAULT_TABLE);
  expect(lines).toHaveLength(1);
});

it.each<[string, (file: Record<string, unknown>) => string, RegExp]>([
  ['cut short', (file) => JSON.stringify(file).slice(0, 40), /damaged/],
  ['empty', () => '', /damaged/],
  ['a list', () => '[]', /damaged: expected a JSON object/],
  [
    'of another version',
    (file) => JSON.stringify({ ...file, engine: '0.0.1' }),
    /made by version 0\.0\.1, this is \d/,
  ],
  [
    'of another adapter',
    (file) => JSON.stringify({ ...file, adapter: 'other | GPU' }),
    /made for adapter other \| GPU, this is maker \| new \| Test GPU/,
  ],
  [
    'of another driver',
    (file) => JSON.stringify({ ...file, driver: 'driver 1.1' }),
    /made for driver driver 1\.1, this is driver 1\.2/,
  ],
  [
    'of other kernels',
    (file) => JSON.stringify({ ...file, kernels: '00000000' }),
    /made for kernels 00000000, this is [0-9a-f]{8}/,
  ],
  [
    'changed by hand or by a worn disk',
    (file) => JSON.stringify(file).replace('quads 16x1', 'quads 16x2'),
    /damaged: its entries are not those of "tuned [0-9a-f]{8}"/,
  ],
  ['without entries', ({ entries: _, ...file }) => JSON.stringify(file), /damaged/],
  [
    'with a variant that is no text',
    (file) => JSON.stringify({ ...file, entries: { 'gemm 0 7 10': 3 } }),
    /damaged/,
  ],
  [
    'with a variant of no kernel',
    (file) => JSON.stringify({ ...file, entries: { 'gemm 0 7 10': 'fastest' } }),
    /damaged/,
  ],
  [
    'with a class of no work',
    (file) => JSON.stringify({ ...file, entries: { gemm: 'quads 16x1' } }),
    /damaged/,
  ],
])('ignores a file that is %s, and says so in one line', async (_what, damage, reason) => {
  writeRaw(damage(await saved()));
  const { table, lines } = await read();
  expect(table).toBe(DEFAULT_TABLE);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(reason);
  expect(lines[0]).toContain(tuningPath(DEVICE));
  expect(lines[0]).toMatch(/ignored, the default tuning is used$/);
  expect(lines[0]).not.toContain('\n');
});

it('has a file for each adapter', async () => {
  await saveTuning(DEVICE, ENTRIES);
  const other = { ...DEVICE, name: 'Other GPU' };
  expect(await read(other)).toEqual({ table: DEFAULT_TABLE, lines: [] });
  await saveTuning(other, {});
  expect((await read()).table.entries).toEqual(ENTRIES);
});

it('can be told not to read, and nothing else', async () => {
  writeRaw('damaged');
  vi.stubEnv('DEEPFOOL_TUNE', 'off');
  expect(await read()).toEqual({ table: DEFAULT_TABLE, lines: [] });
  vi.stubEnv('DEEPFOOL_TUNE', 'on');
  await expect(read()).rejects.toThrow(OptionError);
});

it('names tables by what they say', () => {
  const name = (entries: Record<string, string>): string => nameTable({ name: 'tuned', entries });
  expect(name(ENTRIES)).toMatch(/^tuned [0-9a-f]{8}$/);
  expect(name(Object.fromEntries(Object.entries(ENTRIES).reverse()))).toBe(name(ENTRIES));
  expect(name({})).not.toBe(name(ENTRIES));
});
