#!/usr/bin/env node
// Everything that continuous integration runs: formatting, lint, types, then all tests through
// `npm test`. Each check counts as one beside the tests; the last line is
// "N passed, N failed, N skipped". In CI a skipped test is a failure.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BUILD, ROOT } from './setup/context.mjs';
import { setUp } from './setup.mjs';

const CHECKS = ['format:check', 'lint', 'check'];
const REPORT = path.join(BUILD, 'test-report.json');

function runNpm(...args) {
  process.stdout.write(`\n== npm ${args.join(' ')}\n`);
  return spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit' }).status === 0;
}

/** Counts of vitest's JSON report; a run that failed without a failed test counts as one. */
export function countTests(report, succeeded) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A test file that does not load has no tests in it, only a failed suite.
  const brokenFiles = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return { passed, failed: failed === 0 && (!succeeded || passed === 0) ? 1 : failed, skipped };
}

function runTests() {
  fs.rmSync(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const succeeded = runNpm('test', '--', ...reporters);
  const report = fs.existsSync(REPORT) ? JSON.parse(fs.readFileSync(REPORT, 'utf8')) : undefined;
  return countTests(report, succeeded);
}

function main() {
  setUp();
  setUp(['browser']);
  const checks = CHECKS.map((name) => ({ name, ok: runNpm('run', '--silent', name) }));
  const tests = runTests();
  process.stdout.write('\n');
  for (const { name, ok } of checks) process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name}\n`);
  const testsOk = tests.failed === 0 && !(process.env.CI && tests.skipped > 0);
  process.stdout.write(`${testsOk ? 'ok    ' : 'FAILED'} test\n`);
  if (tests.failed === 0 && !testsOk) process.stdout.write('nothing may be skipped in CI\n');
  const passed = tests.passed + checks.filter(({ ok }) => ok).length;
  const failed = tests.failed + checks.filter(({ ok }) => !ok).length;
  process.stdout.write(`${passed} passed, ${failed} failed, ${tests.skipped} skipped\n`);
  process.exit(testsOk && failed === 0 ? 0 : 1);
}

if (process.argv[1] === import.meta.filename) main();
