// Makes the Vulkan driver that the set-up found usable in this process, before Dawn looks for one.
// Dawn opens `libvulkan.so.1` by name, so a copy that is already loaded serves it; Node's own
// `process.dlopen` can load it, without a new process with another LD_LIBRARY_PATH.
// build/vulkan.json is written by scripts/setup/vulkan.mjs; without it the system's driver is used.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { DeviceError, messageOf } from '../../core/errors.ts';

const ANSWER = new URL('../../../build/vulkan.json', import.meta.url);
const REMEDY = 'node scripts/setup.mjs --again vulkan';
const RTLD_NODELETE = 0x1000; // glibc: keeps the library although Node refuses it as an addon

/** What the set-up found: libraries to load, in order, and variables for the driver. */
interface VulkanAnswer {
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

let prepared = false;

/**
 * Loads the private Vulkan loader and driver, if the set-up has fetched any, and tells the driver
 * where its files are. Call it before `import('webgpu')`; a second call does nothing.
 * Variables the user has set are left alone. Throws DeviceError when a library has gone.
 */
export function prepareVulkan(): void {
  if (prepared) return;
  prepared = true;
  const answer = readAnswer();
  if (answer === undefined) return;
  for (const [name, value] of Object.entries(answer.env)) process.env[name] ??= value;
  answer.preload.forEach(loadLibrary);
}

function readAnswer(): VulkanAnswer | undefined {
  let text: string;
  try {
    text = readFileSync(ANSWER, 'utf8');
  } catch {
    return undefined; // not set up here: a dependency of another project, or a system driver
  }
  try {
    return JSON.parse(text) as VulkanAnswer;
  } catch (error) {
    throw new DeviceError(`${ANSWER.pathname}: ${messageOf(error)}\n  repair it with: ${REMEDY}`);
  }
}

function loadLibrary(file: string): void {
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    // The library is loaded and stays; Node only says that it is no addon.
    if (messageOf(error).includes('did not self-register')) return;
    throw new DeviceError(
      `the Vulkan library ${file} does not load: ${messageOf(error)}\n  fetch it anew with: ${REMEDY}`,
    );
  }
}
