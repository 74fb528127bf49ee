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

/** What loading is told; 0 stands for "leave as it is", an empty list for "none". */
export interface NativeOptions {
  readonly resize: number;
  readonly cropHeight: number;
  readonly cropWidth: number;
  readonly channels: 1 | 3;
  readonly bicubic: boolean;
  readonly channelsLast: boolean;
  readonly uint8: boolean;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly maxPixels: number;
  readonly maxBytes: number;
  readonly autoOrient: boolean;
  readonly firstFrame: boolean;
  readonly dctScale: boolean;
}

type Source = string | Uint8Array;

/** An empty code and a warning or nothing, or the name of a fault and a message. */
export type NativeOutcome = readonly [code: string, message: string];

/** Many images of one size into one array, which must not be detached before they are all through. */
export interface NativeBatch {
  /** Loads images into the slots from `first` on; never rejects for an image's sake. */
  readonly load: (sources: readonly Source[], first: number) => Promise<readonly NativeOutcome[]>;
  /** Images not yet begun get the code `cancelled`. */
  readonly cancel: () => void;
}

/** The functions of src-native/functions.cc. Sources that are bytes are copied when called. */
export interface NativeAddon {
  readonly decodeImage: (
    source: Source,
    options: NativeOptions,
  ) => Promise<{ width: number; height: number; pixels: Uint8Array }>;
  readonly loadTensor: (
    source: Source,
    options: NativeOptions,
  ) => Promise<{ channels: number; height: number; width: number; data: Float32Array }>;
  readonly encodePng: (
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
  ) => Promise<Uint8Array>;
  /** Encodes and writes a file, whole or not at all; resolves with its length in bytes. */
  readonly writePng: (
    path: string,
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
  ) => Promise<number>;
  readonly Batch: new (
    options: NativeOptions,
    output: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
  ) => NativeBatch;
  /** The number of threads that decode and encode; given one, makes it that, waiting for work begun. */
  readonly threads: (count?: number) => number;
  /** The instruction set that resizes; given one that the processor has, chooses it. */
  readonly kernels: (name?: 'scalar' | 'avx2' | 'neon') => string;
}

const FUNCTIONS = 'decodeImage loadTensor encodePng writePng Batch threads kernels'.split(' ');

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
  return FUNCTIONS.every((name) => typeof entries.get(name) === 'function');
}

function cannotLoad(file: string, found: string): AddonError {
  return new AddonError(
    `the native image addon cannot be used\n  looked for: ${file}\n  found: ${found}\n` +
      `  build it with: npm run build:native (or node scripts/setup.mjs), in ${ROOT}`,
  );
}
