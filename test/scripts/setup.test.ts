// The decisions of the set-up that can be shown without fetching anything: which archives apt is
// pointed at, when npm is not started, what a failed check counts for. The rest is tried on a bare
// Debian system.

import { describe, expect, it } from 'vitest';

interface SetupFunctions {
  readonly parseArchives: (printedUris: string, codename: string) => string[];
  readonly missingPackages: (locked: Packages, installed: Packages) => string[];
  readonly countTests: (report: unknown, succeeded: boolean) => Record<string, number>;
}
type Packages = Record<string, { version?: string; optional?: boolean }>;

/** The scripts are plain JavaScript, outside the type check; their types are stated here. */
async function fromScript<K extends keyof SetupFunctions>(
  file: string,
  name: K,
): Promise<SetupFunctions[K]> {
  const url = new URL(`../../scripts/${file}`, import.meta.url);
  return ((await import(url.href)) as Pick<SetupFunctions, K>)[name];
}

describe('private Debian packages', () => {
  it('come from the archives that apt is configured with, in all suites of the release', async () => {
    const parseArchives = await fromScript('setup/debian.mjs', 'parseArchives');
    const printed = `
'http://archive.example/debian/dists/bookworm/InRelease' archive.example_bookworm_InRelease 0
'http://archive.example/debian/dists/bookworm-updates/InRelease' x 0
'http://archive.example/debian-security/dists/bookworm-security/InRelease' x 0
'https://vendor.example/node_20.x/dists/nodistro/InRelease' x 0
'http://archive.example/debian/dists/bookworm/main/by-hash/Packages' x 0`;
    expect(parseArchives(printed, 'bookworm')).toEqual([
      'http://archive.example/debian bookworm',
      'http://archive.example/debian bookworm-updates',
      'http://archive.example/debian-security bookworm-security',
    ]);
  });
});

describe('npm packages', () => {
  it('are in place when each locked version is installed; optional ones may be absent', async () => {
    const missingPackages = await fromScript('setup/packages.mjs', 'missingPackages');
    const locked = {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0' },
      'node_modules/c-darwin': { version: '3.0.0', optional: true },
    };
    expect(missingPackages(locked, { 'node_modules/a': { version: '1.0.0' } })).toEqual([
      'node_modules/b',
    ]);
    const wrongVersion = { ...locked, 'node_modules/a': { version: '1.0.1' } };
    expect(missingPackages(locked, wrongVersion)).toEqual(['node_modules/a']);
    expect(missingPackages(locked, locked)).toEqual([]);
  });
});

describe('the last line of the verification', () => {
  it('counts tests, files that do not load, and a run that ended without a report', async () => {
    const countTests = await fromScript('verify.mjs', 'countTests');
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [
        { status: 'failed', assertionResults: [{ status: 'failed' }] },
        { status: 'failed', assertionResults: [] },
      ],
    };
    expect(countTests(report, false)).toEqual({ passed: 5, failed: 2, skipped: 3 });
    expect(countTests(undefined, false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countTests({ numPassedTests: 3, testResults: [] }, false)).toEqual({
      passed: 3,
      failed: 1,
      skipped: 0,
    });
  });
});
