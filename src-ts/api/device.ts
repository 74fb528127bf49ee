// Opening and listing the devices an attack can run on.
//
// `api/` is the library's face above the layers: it puts model, data, attack, executor and report
// together and may import all of them; only `cli/` stands above it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OptionError } from '../core/errors.ts';
import type { Tracer } from '../core/tracer.ts';
import type { DeviceInfo, Executor } from '../executor/executor.ts';
import { DEFAULT_TABLE } from '../executor/tuning.ts';
import {
  listAdapters,
  openWebGpu,
  type OpenOptions,
  type WebGpuExecutor,
} from '../executor/webgpu/index.ts';
import { readTuning } from './tuning-file.ts';

/** A device that runs attacks; `dispose()` it when done. */
export type Device = Executor;

export interface DeviceOptions {
  readonly winograd?: boolean;
  readonly tracer?: Tracer;
  /** Told of what is not as asked: limits refused, a tuning file that does not fit. By default a line on stderr. */
  readonly onNote?: (note: string) => void;
}

/** What notes are told by where nobody else listens. */
export function noteOnStderr(note: string): void {
  process.stderr.write(`deepfool: ${note}\n`);
}

/**
 * Opens a device: `auto` and `webgpu` take the fastest WebGPU adapter, any other text one whose name
 * contains it. With `winograd`, convolutions of 3 × 3 are about twice as fast and round ten times as
 * coarsely: perturbations are as large, but an image may take another step or end in another class.
 * A `tracer` is told of what the device does. Kernels are chosen by what `deepfool tune` has found for the
 * adapter, if it was run here (DEEPFOOL_TUNE=off: by the default table).
 * @throws DeviceError when there is no such adapter, naming those found.
 * @throws OptionError for `cpu`, which does not exist yet, and for another DEEPFOOL_TUNE than off or read.
 */
export async function openDevice(
  name = 'auto',
  { winograd = false, ...options }: DeviceOptions = {},
): Promise<Device> {
  if (name.toLowerCase() === 'cpu') {
    throw new OptionError(
      '--device cpu: there is no CPU executor yet\n' +
        '  use --device auto, which takes a software WebGPU adapter where there is no GPU',
    );
  }
  return openOwnDevice({ name, traits: { winograd }, ...options });
}

/** A device by any traits, with the table that was tuned for it, if that fits. */
export async function openOwnDevice(options: OpenOptions): Promise<WebGpuExecutor> {
  const executor = await openWebGpu({ onNote: noteOnStderr, ...options });
  try {
    const table = await readTuning(executor.info, (note) => {
      executor.note(note);
    });
    return executor.withTuning(table, table === DEFAULT_TABLE ? null : DEFAULT_TABLE);
  } catch (error) {
    executor.dispose();
    throw error;
  }
}

/** The devices found here, the one that `auto` takes first; empty when there is none. */
export async function listDevices(): Promise<readonly DeviceInfo[]> {
  return listAdapters();
}

const DRIVER_FOLDERS = [
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
];
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];

/** Where Vulkan drivers were looked for on this machine and what lies there, a line each. */
export function describeDriverSearch(): string[] {
  const variables = DRIVER_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const folders = DRIVER_FOLDERS.map((folder) => {
    const files = existsSync(folder) ? readdirSync(folder) : null;
    const found = files === null ? 'no such folder' : files.join(', ') || 'empty';
    return `${join(folder, '*.json')}: ${found}`;
  });
  return process.platform === 'linux' ? [...variables, ...folders] : variables;
}
