// Loads the native addon, on first use. Its functions take arguments that image.ts has validated
// and reject with a plain Error whose message is the reason; image.ts adds which image it was.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AddonError, messageOf } from '../core/errors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ADDON = fileURLToPath(
  new URL('../../build/native/Release/deepfool_image.node', import.meta.url),
);

/** What loadTensor is told; 0 stands for "leave as it is". */
export interface NativeTensorOptions {
  readonly resize: number;
  readonly cropHeight: number;
  readonly cropWidth: number;
  readonly channels: 1 | 3;
  readonly bicubic: boolean;
  readonly maxPixels: number;
}

/** The functions of src-native/worker.h. */
export interface NativeAddon {
  readonly decodeImage: (
    source: string | Uint8Array,
    channels: 1 | 3,
    maxPixels: number,
  ) => Promise<{ width: number; height: number; pixels: Uint8Array }>;
  readonly loadTensor: (
    source: string | Uint8Array,
    options: NativeTensorOptions,
  ) => Promise<{ channels: number; height: number; width: number; data: Float32Array }>;
  readonly encodePng: (
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
  ) => Promise<Uint8Array>;
}

let loaded: NativeAddon | undefined;

/** The addon; throws AddonError, with what was looked for, what was found and the remedy. */
export function loadAddon(): NativeAddon {
  loaded ??= requireAddon(ADDON);
  return loaded;
}

/** Loads the addon at a path; apart from loadAddon so that its refusals can be shown. */
export function requireAddon(file: string): NativeAddon {
  if (!existsSync(file)) throw cannotLoad(file, 'no such file: it has not been built');
  let exports: unknown;
  try {
    exports = createRequire(import.meta.url)(file);
  } catch (error) {
    throw cannotLoad(file, `a file that does not load: ${messageOf(error)}`);
  }
  if (!isAddon(exports)) throw cannotLoad(file, 'a file without the functions of this version');
  return exports;
}

function isAddon(value: unknown): value is NativeAddon {
  if (typeof value !== 'object' || value === null) return false;
  const entries = new Map<string, unknown>(Object.entries(value));
  return ['decodeImage', 'loadTensor', 'encodePng'].every(
    (name) => typeof entries.get(name) === 'function',
  );
}

function cannotLoad(file: string, found: string): AddonError {
  return new AddonError(
    `the native image addon cannot be used\n  looked for: ${file}\n  found: ${found}\n` +
      `  build it with: npm run build:native (or node scripts/setup.mjs), in ${ROOT}`,
  );
}
