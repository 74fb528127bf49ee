#!/usr/bin/env node
// `npm run bench [-- NAME … --json FILE]`: sets up what is missing, then runs bench/NAME.bench.ts,
// each in a process of its own, or all of them. Options are passed on to the benches.

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

setUp();
const folder = path.join(ROOT, 'bench');
const all = fs.existsSync(folder)
  ? fs
      .readdirSync(folder)
      .flatMap((file) => (file.endsWith(ENDING) ? [file.slice(0, -ENDING.length)] : []))
  : [];
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0 || all.length === 0) {
  process.stderr.write(
    `no bench named ${unknown.join(', ')}; there are: ${all.join(', ') || 'none'}\n`,
  );
  process.exit(2);
}
let failed = 0;
for (const name of names.length > 0 ? names : all) {
  process.stdout.write(`\n== ${name}\n`);
  const node = ['--import', './scripts/typescript.mjs', `bench/${name}${ENDING}`, ...options];
  if (spawnSync(process.execPath, node, { cwd: ROOT, stdio: 'inherit' }).status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
