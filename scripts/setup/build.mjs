// The TypeScript build, src-ts to dist, skipped while nothing under src-ts has changed.

import fs from 'node:fs';
import path from 'node:path';
import {
  fingerprint,
  lastLines,
  log,
  readAnswer,
  ROOT,
  run,
  SetupError,
  writeAnswer,
} from './context.mjs';

const ANSWER = 'typescript.json';
const INPUTS = ['src-ts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Compiles src-ts into dist when it is older than its sources. */
export function setUpBuild({ again = false } = {}) {
  const key = fingerprint(INPUTS);
  const dist = path.join(ROOT, 'dist');
  if (!again && readAnswer(ANSWER)?.key === key && fs.existsSync(dist)) return;
  log('tsc -p tsconfig.build.json');
  // Into a fresh folder that then takes dist's place: deleted sources leave nothing behind, and who
  // is running dist meanwhile never sees half of it. Beside dist, so that source maps point right.
  const fresh = path.join(ROOT, `.dist-${process.pid}`);
  try {
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh];
    const result = run(process.execPath, args);
    if (result.status !== 0) {
      throw new SetupError(`the TypeScript build failed:\n${lastLines(result, 30)}`);
    }
    copyAssets(fresh);
    fs.rmSync(dist, { recursive: true, force: true });
    fs.renameSync(fresh, dist);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  writeAnswer(ANSWER, { key });
}

/** What the compiled code reads beside itself: style and scripts of pages. */
function copyAssets(to) {
  const from = path.join(ROOT, 'src-ts');
  for (const name of fs.readdirSync(from, { recursive: true })) {
    if (/\.(css|js)$/.test(name)) fs.copyFileSync(path.join(from, name), path.join(to, name));
  }
}
