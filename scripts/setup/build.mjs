// The TypeScript build, src-ts to dist, skipped while nothing under src-ts has changed.

import fs from 'node:fs';
import path from 'node:path';
import { fingerprint, lastLines, log, readAnswer, ROOT, run } from './context.mjs';
import { SetupError, writeAnswer } from './context.mjs';

const ANSWER = 'typescript.json';
const INPUTS = ['src-ts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Compiles src-ts into dist when it is older than its sources. */
export function setUpBuild({ again = false } = {}) {
  const key = fingerprint(INPUTS);
  const dist = path.join(ROOT, 'dist');
  if (!again && readAnswer(ANSWER)?.key === key && fs.existsSync(dist)) return;
  log('tsc -p tsconfig.build.json');
  fs.rmSync(dist, { recursive: true, force: true }); // else deleted sources would live on
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const result = run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  if (result.status !== 0) {
    throw new SetupError(`the TypeScript build failed:\n${lastLines(result, 30)}`);
  }
  writeAnswer(ANSWER, { key });
}
