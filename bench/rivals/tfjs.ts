// Opens TensorFlow.js on one of its backends: WebGPU on the adapter that our engine has, with our
// patient polling while it waits, without which Dawn's Node binding would take a core from it; or
// WebAssembly. Gradients come with the layers package, the only one whose bundle for Node has them.
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as TensorFlow from '@tensorflow/tfjs-core';
import type { DeviceInfo } from '../../src-ts/executor/executor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import { installNavigatorGpu } from './navigator-gpu.ts';
import { watchRefusals } from './refusals.ts';

export type Tf = typeof TensorFlow;

export interface TfBackend {
  readonly name: string;
  readonly tf: Tf;
  /** Makes this backend the one that the next operations run on. */
  readonly use: () => void;
  /** Waits until all work is done. Throws when the device has refused any. */
  readonly finish: () => Promise<void>;
}

/** The WebGPU backend wants our device, and throws when it is given another adapter. */
export async function openTfjs(
  ...[kind, device]: [kind: 'webgpu', device: DeviceInfo] | [kind: 'wasm', device?: DeviceInfo]
): Promise<TfBackend> {
  if (kind === 'webgpu') await installNavigatorGpu(device);
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-layers');
  await import(`@tensorflow/tfjs-backend-${kind}`);
  if (!(await awaitGpu(tf.setBackend(kind)))) throw new Error(`tfjs: no ${kind} backend here`);
  return {
    name: `tfjs-${kind} ${tf.version_core}`,
    tf,
    use: () => void tf.setBackend(kind),
    finish: kind === 'webgpu' ? finisher(tf) : () => Promise.resolve(), // WebAssembly computes at once
  };
}

/** The backend submits by 15 dispatches; this sends the rest, if any, and waits for all. */
function finisher(tf: Tf): () => Promise<void> {
  const backend = tf.backend() as unknown as WebGPUBackend;
  const pending = tf.backend() as unknown as { readonly commandEncoder: object | null };
  const check = watchRefusals('tfjs-webgpu', backend.device);
  return async () => {
    backend.endComputePassEncoder();
    if (pending.commandEncoder !== null) backend.submitQueue(); // null just after one of its own
    await awaitGpu(backend.queue.onSubmittedWorkDone());
    check();
  };
}
