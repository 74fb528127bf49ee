// `npm run conformance [-- PATTERN] [--root DIR]… [--device-only | --reference-only] [--json FILE]`:
// runs ONNX's operator tests and networks on the reference interpreter and on the WebGPU device, prints
// a table, and exits with 1 when anything failed. `--record` keeps the counts that OPS.md shows.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openWebGpu } from '../src-ts/executor/webgpu/index.ts';
import { findCases } from '../test/conformance/cases.ts';
import { makeRecord, writeRecord } from '../test/conformance/record.ts';
import { formatReport, tallyOf } from '../test/conformance/report.ts';
import { runCase, type CaseResult } from '../test/conformance/run-case.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    root: { type: 'string', multiple: true },
    'device-only': { type: 'boolean', default: false },
    'reference-only': { type: 'boolean', default: false },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});

const shared = process.env['DEEPFOOL_SHARED'] ?? path.join(import.meta.dirname, '../../shared');
const roots =
  options.root ?? ['node', 'light'].map((suite) => path.join(shared, 'conformance', suite));
for (const root of roots) {
  if (existsSync(root)) continue;
  process.stderr.write(`conformance: there is no folder "${root}"; name one with --root\n`);
  process.exit(2);
}
const all = roots.flatMap((root) => findCases(root));
const [pattern] = positionals;
const matches = (name: string): boolean =>
  pattern === undefined || name.includes(pattern) || new RegExp(pattern).test(name);
const chosen = all.filter(({ name }) => matches(name));
if (chosen.length === 0) {
  process.stderr.write(`conformance: none of ${all.length} cases matches "${pattern ?? ''}"\n`);
  process.exit(2);
}
const device = options['reference-only'] ? null : await openWebGpu();
const machines = { reference: !options['device-only'], device };
const results: CaseResult[] = [];
const showProgress = process.stderr.isTTY && !options.quiet;
for (const each of chosen) {
  if (showProgress)
    process.stderr.write(`\r\x1b[K${results.length + 1}/${chosen.length} ${each.name}`);
  results.push(await runCase(each, machines));
}
if (showProgress) process.stderr.write('\r\x1b[K');
device?.dispose();
process.stdout.write(formatReport(results));
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
if (options.record) await writeRecord(makeRecord(chosen, results));
process.exit(tallyOf(results).failed === 0 ? 0 : 1);
