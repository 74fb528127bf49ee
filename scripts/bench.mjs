#!/usr/bin/env node
// `npm run bench [-- NAME … --json FILE]`: sets up what is missing, then runs bench/NAME.bench.ts,
// each in a process of its own, or all of them. Options are passed on to the benches; the JSON file
// holds an array, to which each bench appends its results. With --results each rewrites its section of
// bench/RESULTS.md, with --save-baseline its rates in bench/baseline.json.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './setup/context.mjs';
import { setUp } from './setup.mjs';

const ENDING = '.bench.ts';
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const names = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);

const folder = path.join(ROOT, 'bench');
const all = fs.existsSync(folder)
  ? fs
      .readdirSync(folder)
      .flatMap((file) => (file.endsWith(ENDING) ? [file.slice(0, -ENDING.length)] : []))
  : [];
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0 || all.length === 0) {
  fail(`no bench named ${unknown.join(', ')}; there are: ${all.join(', ') || 'none'}`);
}
emptyJson();
setUp(['packages', 'native', 'vulkan', 'dataset']); // benches run from the sources
let failed = 0;
for (const name of names.length > 0 ? names : all) {
  process.stdout.write(`\n== ${name}\n`);
  const node = ['--import', './scripts/typescript.mjs', `bench/${name}${ENDING}`, ...options];
  if (spawnSync(process.execPath, node, { cwd: ROOT, stdio: 'inherit' }).status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);

/** Makes the JSON file an empty array, before minutes are spent on results that cannot be kept. */
function emptyJson() {
  const at = options.findIndex((option) => /^--json(=|$)/.test(option));
  if (at < 0) return;
  const inline = options[at].split('=')[1];
  const given = inline ?? options[at + 1];
  if (!given || given.startsWith('--')) fail('--json: expected the name of a file');
  const file = path.resolve(process.env.INIT_CWD ?? '.', given);
  options.splice(at, inline === undefined ? 2 : 1, '--json', file);
  try {
    fs.writeFileSync(file, '[]\n');
  } catch (error) {
    fail(`--json: ${error.message}`);
  }
}

function fail(message) {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}
