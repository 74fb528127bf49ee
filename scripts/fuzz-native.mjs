#!/usr/bin/env node
// `npm run fuzz:native -- --runs N [--seed S] [--resume] [--libfuzzer]`: decodes damaged image files
// with the addon's C++ under AddressSanitizer and UndefinedBehaviorSanitizer. What is found is saved in
// build/fuzz-native/findings, from where `--replay FILE` shows it again. `--resume` goes on with the
// case at which the last run of the same seed stopped. `--libfuzzer` lets clang's libFuzzer choose the
// inputs; that wants clang and its run-time library (Debian: clang, libclang-rt-14-dev).
// `npm run valgrind:native`: fewer cases under valgrind, which sees into the libraries too.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import './typescript.mjs';
import { BUILD, ROOT } from './setup/context.mjs';
import { findTools } from './setup/native.mjs';

const FOLDER = path.join(BUILD, 'fuzz-native');
const FINDINGS = path.join(FOLDER, 'findings');
const SEEDS = path.join(FOLDER, 'seeds');
const STATE = path.join(FOLDER, 'state.json');
const SHARED = process.env.DEEPFOOL_SHARED ?? path.join(ROOT, '../shared');
const LARGEST_SEED = 64 * 1024; // bytes; larger files take most of the time and show little more

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
    replay: { type: 'string' },
    libfuzzer: { type: 'boolean', default: false },
    valgrind: { type: 'boolean', default: false },
  },
});

const kind = options.libfuzzer ? 'libfuzzer' : options.valgrind ? 'plain' : 'driver';
const runs = wholeNumber('runs', options.runs ?? (options.valgrind ? '500' : '20000'));
const seed = wholeNumber('seed', options.seed);
const { env } = findTools();
const environment = {
  ...process.env,
  ...env,
  // Leaks are looked for in the test of flat memory: here a container may forbid ptrace.
  ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:abort_on_error=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

for (const folder of [FINDINGS, SEEDS]) fs.mkdirSync(folder, { recursive: true });
const program = buildProgram();
const seeds = await writeSeeds();
process.exitCode = await main();

async function main() {
  if (options.replay !== undefined) return runProgram(['--replay', path.resolve(options.replay)]);
  if (options.libfuzzer) {
    const corpus = path.join(FOLDER, 'corpus');
    fs.mkdirSync(corpus, { recursive: true });
    const flags = [`-runs=${runs}`, `-seed=${seed}`, `-artifact_prefix=${FINDINGS}/`];
    return runProgram([...flags, '-max_len=65536', corpus, ...seeds]);
  }
  const first = options.resume ? resumedAt() : 0;
  if (first > 0) say(`going on with case ${first} of seed ${seed}`);
  const cases = ['--runs', `${runs}`, '--first', `${first}`, '--seed', `${seed}`];
  const code = await runProgram([...cases, '--save', FINDINGS, ...seeds], (done) => {
    if (!options.valgrind) fs.writeFileSync(STATE, JSON.stringify({ seed, next: done }));
  });
  say(code === 0 ? `${runs} cases from ${first} of seed ${seed}: 0 findings` : 'a finding');
  return code;
}

function wholeNumber(name, text) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`fuzz-native: --${name}: expected a whole number, got ${text}\n`);
  process.exit(2);
}

function say(line) {
  process.stdout.write(`fuzz-native: ${line}\n`);
}

function resumedAt() {
  if (!fs.existsSync(STATE)) return 0;
  const state = JSON.parse(fs.readFileSync(STATE, 'utf8'));
  return state.seed === seed ? state.next : 0;
}

/** Builds the program with the compiler that the addon is built with (libFuzzer's with clang). */
function buildProgram() {
  const folder = path.join(FOLDER, kind);
  const compilers = { ...environment };
  if (options.libfuzzer) Object.assign(compilers, { CC: 'clang', CXX: 'clang++' });
  const ninja = spawnSync('ninja', ['--version'], { env: compilers }).status === 0;
  const generator = ninja ? ['-G', 'Ninja'] : [];
  for (const args of [
    ['-S', ROOT, '-B', folder, ...generator, `-DDEEPFOOL_FUZZ=${kind}`],
    ['--build', folder],
  ]) {
    const { status, stdout, stderr } = spawnSync('cmake', args, { env: compilers });
    if (status === 0) continue;
    process.stderr.write(`fuzz-native: cmake ${args.join(' ')} failed\n${stdout}${stderr}`);
    process.exit(2);
  }
  return path.join(folder, 'fuzz_decode');
}

/** The small files of the tests, and files of the shared folder where there is one. */
async function writeSeeds() {
  const samples = await import('../test/data/image-samples.ts');
  for (const [name, content] of samples.allSamples()) {
    fs.writeFileSync(path.join(SEEDS, name), content);
  }
  const shared = path.join(SHARED, 'conformance/images');
  for (const name of fs.existsSync(shared) ? fs.readdirSync(shared) : []) {
    const from = path.join(shared, name);
    if (!name.endsWith('.json') && fs.statSync(from).size <= LARGEST_SEED) {
      fs.writeFileSync(path.join(SEEDS, name), fs.readFileSync(from));
    }
  }
  return [SEEDS];
}

/** Runs the program; `onProgress` gets the number of the next case now and then. */
function runProgram(args, onProgress = () => undefined) {
  const valgrind = ['--quiet', '--error-exitcode=1', '--leak-check=full', program];
  const [command, all] = options.valgrind ? ['valgrind', [...valgrind, ...args]] : [program, args];
  return new Promise((resolve) => {
    const child = spawn(command, all, {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (text) => {
      const done = Number(String(text).trim().split('\n').at(-1));
      if (Number.isSafeInteger(done)) onProgress(done);
    });
    child.on('error', (error) => {
      process.stderr.write(`fuzz-native: ${error.message}\n`);
      resolve(2);
    });
    child.on('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}
