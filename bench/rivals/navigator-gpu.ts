// Gives libraries that were written for browsers the WebGPU they look for, on our own adapter.
import type { DeviceInfo } from '../../src-ts/executor/executor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import { prepareVulkan } from '../../src-ts/executor/webgpu/vulkan.ts';

let instance: GPU | null = null; // Dawn must not lose it

/** Defines `navigator.gpu`. Throws when a library would be given another adapter than `device`. */
export async function installNavigatorGpu(device: DeviceInfo): Promise<void> {
  if (instance !== null) return;
  prepareVulkan();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  instance = create([]);
  const options = { powerPreference: 'high-performance' } as const; // as libraries ask
  const adapter = await awaitGpu(instance.requestAdapter(options));
  if (adapter?.info.description !== device.description) {
    const found = adapter?.info.description ?? 'no adapter';
    throw new Error(`rivals would run on ${found}, not on ours`);
  }
  const value = { gpu: instance, userAgent: 'node', platform: process.platform };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
}
