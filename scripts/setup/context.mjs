// What every stage of the set-up shares: where things live, how a command is run, how a stage says
// that it cannot go on, and the stamps that let a second run pass with stat calls alone.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = path.join(ROOT, 'build');
export const isRoot = process.getuid?.() === 0;

/** True when this package lies in another project's node_modules; such an install changes no system. */
export const isDependency = ROOT.split(path.sep).includes('node_modules');

/** Something the user can mend; printed without a stack. */
export class SetupError extends Error {}

export function log(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** Runs a command to its end and gives back status, stdout and stderr; never throws. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    ...options,
  });
}

/** What a failed command said, without the noise: its last lines. */
export function lastLines(result, count = 12) {
  if (result.error) return result.error.message;
  const text = `${result.stdout ?? ''}\n${result.stderr ?? ''}`.trim();
  return text.split('\n').slice(-count).join('\n');
}

export function hasCommand(name, searchPath = process.env.PATH ?? '') {
  return searchPath.split(path.delimiter).some((folder) => {
    try {
      fs.accessSync(path.join(folder, name), fs.constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder: look in the next
    }
  });
}

function isWritable(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false; // the caller has a second choice
  }
}

let chosenCache;

/** The folder for downloads kept between checkouts; inside the project when there is no home. */
export function cacheFolder() {
  chosenCache ??= [
    process.env.DEEPFOOL_CACHE,
    path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'deepfool-webgpu'),
    path.join(BUILD, 'cache'),
  ].find((folder) => folder && isWritable(folder));
  if (!chosenCache) throw new SetupError(`no writable folder for downloads; set DEEPFOOL_CACHE`);
  return path.resolve(chosenCache);
}

/** One hash over the paths, sizes and times of all files below the given paths. */
export function fingerprint(paths, ...facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  const visit = (file) => {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of fs.readdirSync(file).sort()) visit(path.join(file, name));
    } else {
      hash.update(`${file}\0${stat?.size}\0${stat?.mtimeMs}\n`);
    }
  };
  for (const each of paths) visit(path.join(ROOT, each));
  return hash.digest('hex').slice(0, 16);
}

/** Reads an answer kept in build/, or undefined. */
export function readAnswer(name) {
  try {
    return JSON.parse(fs.readFileSync(path.join(BUILD, name), 'utf8'));
  } catch {
    return undefined; // absent or half-written: the stage runs again
  }
}

export function writeAnswer(name, answer) {
  fs.mkdirSync(BUILD, { recursive: true });
  const file = path.join(BUILD, name);
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, `${JSON.stringify(answer, null, 2)}\n`);
  fs.renameSync(temporary, file);
}
