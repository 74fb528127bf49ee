// 20,000 damaged image files through the addon's C++, built with AddressSanitizer and
// UndefinedBehaviorSanitizer: nothing is found. `npm run fuzz:native` runs more of them.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const RUNS = 20_000;

it(
  'decoding survives damaged files, and a part of a file is what the whole gives',
  { timeout: 900_000 },
  () => {
    const args = ['scripts/fuzz-native.mjs', '--runs', `${RUNS}`, '--seed', '5'];
    const env = { ...process.env, DEEPFOOL_SHARED: '' }; // only small seeds, the same everywhere
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: ROOT,
      encoding: 'utf8',
      env,
    });
    expect(`${stdout}${stderr}`).toContain(`${RUNS} cases from 0 of seed 5: 0 findings`);
  },
);
