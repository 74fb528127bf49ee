#!/usr/bin/env node
// `npm test`: sets up what is missing, then runs vitest once with the arguments given.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './setup/context.mjs';
import { setUp } from './setup.mjs';

setUp();
const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(status ?? 1);
