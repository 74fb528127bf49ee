// The npm packages. They are in place when every package of package-lock.json stands with the same
// version in npm's own record of what it has installed; then npm is not started at all.

import fs from 'node:fs';
import path from 'node:path';
import { hasCommand, log, ROOT, run, SetupError } from './context.mjs';

/** Set for the child `npm ci`: its install script leaves the native build to the running set-up. */
export const RUNNING = 'DEEPFOOL_SETUP_RUNNING';

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined; // nothing installed yet
  }
}

/** Names what the lock file wants and the installation lacks or has in another version. */
export function missingPackages(locked, installed) {
  return Object.keys(locked).filter((name) => {
    if (name === '' || locked[name].optional) return false;
    return installed[name]?.version !== locked[name].version;
  });
}

/** Makes node_modules what package-lock.json says. */
export function setUpPackages() {
  const locked = readPackages('package-lock.json');
  if (!locked) throw new SetupError(`no readable package-lock.json in ${ROOT}`);
  if (missingPackages(locked, readPackages('node_modules/.package-lock.json') ?? {}).length === 0) {
    return;
  }
  if (!hasCommand('npm')) throw new SetupError('npm is not in the PATH; it comes with Node');
  log('npm ci');
  const result = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, [RUNNING]: '1', ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (result.status !== 0) {
    throw new SetupError('npm ci failed (its message is above); is the npm registry reachable?');
  }
}
