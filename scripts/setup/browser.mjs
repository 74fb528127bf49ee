// Chromium, in which the page of `deepfool report` is tested: the one that CHROMIUM names, or Debian's.

import fs from 'node:fs';
import { isDependency, isRoot, log } from './context.mjs';
import { debianCodename, installPackages } from './debian.mjs';

/** The browser's program, or undefined when there is none. */
export function findBrowser() {
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return fs.existsSync(program) ? program : undefined;
}

/** Installs Debian's Chromium where there is no browser and root may; elsewhere says what is left out. */
export function setUpBrowser() {
  if (findBrowser()) return;
  const may = debianCodename && isRoot && !isDependency && !process.env.CHROMIUM;
  if (may && installPackages(['chromium'])) return;
  log('no Chromium, so reports are not opened in it; install it, or set CHROMIUM to its program');
}
