// ONNX's own operator tests and two whole networks, on the interpreter and on the device.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { findCases } from './cases.ts';
import { formatReport, overall } from './report.ts';
import { runCase, type CaseResult } from './run-case.ts';

const MAX_UNSUPPORTED = 60;

const root = path.join(
  process.env['DEEPFOOL_SHARED'] ?? path.join(import.meta.dirname, '../../../shared'),
  'conformance',
);
const found = existsSync(root);
if (!found) process.stdout.write(`skipped: no conformance cases at ${root}\n`);

async function runSuite(suite: string): Promise<CaseResult[]> {
  const device = await openWebGpu();
  const results: CaseResult[] = [];
  for (const each of findCases(path.join(root, suite))) {
    results.push(await runCase(each, { reference: true, device }));
  }
  device.dispose();
  return results;
}

const withStatus = (results: readonly CaseResult[], status: string): CaseResult[] =>
  results.filter((result) => overall(result) === status);

it.skipIf(!found)('no operator test of ONNX fails, and few are not supported', async () => {
  const results = await runSuite('node');
  expect(results.length).toBeGreaterThan(600);
  const failed = withStatus(results, 'failed');
  expect(failed, formatReport(failed)).toEqual([]);
  const unsupported = withStatus(results, 'unsupported');
  expect(unsupported.every(({ device }) => device!.reason !== '')).toBe(true);
  expect(unsupported.length, formatReport(unsupported)).toBeLessThanOrEqual(MAX_UNSUPPORTED);
});

it.skipIf(!found)('whole networks give the outputs that ONNX expects', async () => {
  const results = await runSuite('light');
  expect(results.length).toBeGreaterThan(0);
  expect(
    results.map(({ name, device }) => [name, device]),
    formatReport(results),
  ).toEqual(results.map(({ name }) => [name, { status: 'passed', reason: '' }]));
});
