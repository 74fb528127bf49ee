#!/usr/bin/env node
// Sets up what a fresh checkout lacks, with nothing but Node: npm packages, the native addon and its
// compiler, the TypeScript build, a Vulkan driver, the example's data set. Each stage is quick when
// there is nothing to do.   node scripts/setup.mjs [--again] [packages|native|vulkan|dataset|build|browser …]

import { pathToFileURL } from 'node:url';
import { setUpBrowser } from './setup/browser.mjs';
import { setUpBuild } from './setup/build.mjs';
import { SetupError } from './setup/context.mjs';
import { setUpDataset } from './setup/dataset.mjs';
import { setUpNative } from './setup/native.mjs';
import { RUNNING, setUpPackages } from './setup/packages.mjs';
import { setUpVulkan } from './setup/vulkan.mjs';

const STAGES = {
  packages: setUpPackages,
  native: setUpNative,
  vulkan: setUpVulkan,
  dataset: setUpDataset,
  build: setUpBuild,
  browser: setUpBrowser,
};

/** What running needs; the browser is for tests alone. */
const NEEDED = Object.keys(STAGES).filter((name) => name !== 'browser');

function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  throw new SetupError(
    `this project needs Node 20.17 or later, this is ${version}\n` +
      "  Debian 12's own nodejs is 18: take Node from nodejs.org or NodeSource",
  );
}

/** Runs the named stages (by default all that running needs) and says in plain words when one cannot go on. */
export function setUp(names = NEEDED, options = {}) {
  try {
    checkNode();
    for (const name of names) {
      if (!Object.hasOwn(STAGES, name)) {
        throw new SetupError(`no stage "${name}"; there are: ${Object.keys(STAGES).join(', ')}`);
      }
      STAGES[name](options);
    }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\nsetup: ${error.message}\n\n`);
    process.exit(1);
  }
}

function main(args) {
  // npm runs `npm run install` inside the `npm ci` that the set-up itself started.
  if (process.env[RUNNING] && process.env.npm_lifecycle_event === 'install') return;
  const names = args.filter((arg) => !arg.startsWith('--'));
  setUp(names.length > 0 ? names : undefined, { again: args.includes('--again') });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2));
