// What a user reads when the addon is missing, broken or of another version.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AddonError, messageOf } from '../../src-ts/core/errors.ts';
import { loadAddon, requireAddon } from '../../src-ts/data/addon.ts';

const folder = mkdtempSync(join(tmpdir(), 'deepfool-addon-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function refusalOf(file: string): string {
  try {
    requireAddon(file);
  } catch (error) {
    expect(error).toBeInstanceOf(AddonError);
    return messageOf(error);
  }
  return 'it loads';
}

describe('the native addon', () => {
  it('loads once', () => {
    expect(loadAddon()).toBe(loadAddon());
  });

  it('when absent, says what was looked for and how to build it', () => {
    const file = join(folder, 'absent.node');
    const message = refusalOf(file);
    expect(message).toContain(`looked for: ${file}\n  found: no such file: it has not been built`);
    expect(message).toContain('build it with: npm run build:native');
  });

  it('when broken, says what the loader said', () => {
    const file = join(folder, 'broken.node');
    writeFileSync(file, 'not a library');
    expect(refusalOf(file)).toMatch(/found: a file that does not load: .*broken\.node/);
  });

  it('when of another version, says that functions are missing', () => {
    const file = join(folder, 'other.cjs');
    writeFileSync(file, 'module.exports = { decodeImage() {} };');
    expect(refusalOf(file)).toContain('without the functions of this version');
  });
});
