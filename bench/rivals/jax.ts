// Opens jax-js on WebGPU, on the adapter that our engine has; our patient polling serves it too.
import type * as Jax from '@jax-js/jax';
import type { DeviceInfo } from '../../src-ts/executor/executor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import { installNavigatorGpu } from './navigator-gpu.ts';
import { watchRefusals } from './refusals.ts';
import { versionOf } from './versions.ts';

export interface JaxBackend {
  readonly name: string;
  readonly jax: typeof Jax;
  /** Throws when the device has refused work. */
  readonly check: () => void;
}

/** Throws when WebGPU is not there for it, or on another adapter than `device`. */
export async function openJax(device: DeviceInfo): Promise<JaxBackend> {
  await installNavigatorGpu(device);
  const jax = await import('@jax-js/jax');
  const devices = await awaitGpu(jax.init());
  if (!devices.includes('webgpu')) throw new Error('jax-js: no webgpu device here');
  jax.defaultDevice('webgpu');
  const name = `jax-js webgpu ${versionOf('@jax-js/jax')}`;
  return { name, jax, check: watchRefusals(name, jax.getWebGPUDevice()) };
}
