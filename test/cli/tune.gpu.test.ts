// `deepfool tune` and what comes after it: the table is kept, taken by later runs, and named in their results.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openDevice } from '../../src-ts/api/device.ts';
import { DEFAULT_TABLE, nameTable } from '../../src-ts/executor/tuning.ts';
import type { TunedStep } from '../../src-ts/report/tuning.ts';
import { run } from './run.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');

let cache: string;

beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'deepfool-tune-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.stubEnv('DEEPFOOL_TUNE', 'read');
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

it('keeps the winners, which devices are then opened with', async () => {
  const { status, out } = await run('tune', MODEL, '--batch', '1', '--candidates', '2', '--json');
  expect(status).toBe(0);
  const { path, tuning, classes } = JSON.parse(out) as TunedStep;
  expect(path.startsWith(cache)).toBe(true);
  expect(existsSync(path)).toBe(true);
  expect(classes.length).toBeGreaterThan(3);
  expect(classes.flatMap(({ wrong }) => wrong)).toEqual([]);
  const device = await openDevice();
  expect(device.tuning).toBe(tuning);
  expect(tuning).toMatch(/^tuned [0-9a-f]{8}$/);
  device.dispose();

  writeFileSync(path, '{');
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const untuned = await openDevice();
  const lines = said.mock.calls.map(([text]) => String(text)).filter((text) => text.includes(path));
  said.mockRestore();
  expect(untuned.tuning).toBe(nameTable(DEFAULT_TABLE));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^deepfool: .*damaged.*\n$/);
  untuned.dispose();
});
