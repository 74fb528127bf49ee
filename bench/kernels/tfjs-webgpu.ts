// TensorFlow.js in the kernel bench: its WebGPU backend, on the adapter that our engine has, and with
// our patient polling while it waits, without which Dawn's Node binding would take a core from it.
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as TensorFlow from '@tensorflow/tfjs-core';
import type { DeviceInfo } from '../../src-ts/executor/executor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import { prepareVulkan } from '../../src-ts/executor/webgpu/vulkan.ts';
import type { KernelCase } from './cases.ts';
import type { KernelEngine } from './engine.ts';

type Tf = typeof TensorFlow;

/** Opens the backend. Throws when it is given another adapter than `device`. */
export async function tfjsWebGpuEngine(device: DeviceInfo): Promise<KernelEngine> {
  await installNavigatorGpu(device);
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  await awaitGpu(tf.setBackend('webgpu'));
  const backend = tf.backend() as unknown as WebGPUBackend;
  const refusals = watch(backend.device);
  return {
    name: `tfjs-webgpu ${tf.version_core}`,
    prepare: (each) => {
      const { apply, toCase } = operationOf(tf, each);
      return Promise.resolve({
        run: async (times: number) => {
          for (let i = 0; i < times; i++) apply().dispose();
          await finish(backend, refusals);
        },
        output: async () => awaitGpu(toCase(apply()).data()),
        dispose: () => {
          tf.disposeVariables();
        },
      });
    },
  };
}

/** It submits by 15 dispatches; this sends the rest and waits for all. */
async function finish(backend: WebGPUBackend, refusals: readonly string[]): Promise<void> {
  backend.endComputePassEncoder();
  backend.submitQueue();
  await awaitGpu(backend.queue.onSubmittedWorkDone());
  if (refusals.length > 0) throw new Error(`tfjs-webgpu: work refused: ${refusals[0]!}`);
}

/** What the device refuses from now on: a rival whose work is dropped would look fast. */
function watch(device: GPUDevice): readonly string[] {
  const refusals: string[] = [];
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    refusals.push(event.error.message);
  });
  return refusals;
}

interface Operation {
  readonly apply: () => TensorFlow.Tensor;
  /** From the layout of TensorFlow, images [N, H, W, C], to that of the case. */
  readonly toCase: (result: TensorFlow.Tensor) => TensorFlow.Tensor;
}

function operationOf(tf: Tf, each: KernelCase): Operation {
  if (each.op === 'matmul') {
    const a = tf.tensor2d(each.a.data as Float32Array, [...each.a.shape] as [number, number]);
    const b = tf.tensor2d(each.b.data as Float32Array, [...each.b.shape] as [number, number]);
    return { apply: () => tf.matMul(a, b), toCase: (result) => result };
  }
  const image = [...each.x.shape] as [number, number, number, number];
  const kernel = [...each.w.shape] as [number, number, number, number];
  const x = tf.transpose(tf.tensor4d(each.x.data as Float32Array, image), [0, 2, 3, 1]);
  const w = tf.transpose(tf.tensor4d(each.w.data as Float32Array, kernel), [2, 3, 1, 0]);
  return {
    apply: () => tf.conv2d(x, w, 1, 'same'),
    toCase: (result) => tf.transpose(result, [0, 3, 1, 2]),
  };
}

let instance: GPU | null = null; // Dawn must not lose it

async function installNavigatorGpu(device: DeviceInfo): Promise<void> {
  prepareVulkan();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  instance ??= create([]);
  const options = { powerPreference: 'high-performance' } as const; // as the backend will ask
  const adapter = await awaitGpu(instance.requestAdapter(options));
  if (adapter?.info.description !== device.description) {
    throw new Error(`tfjs would run on ${adapter?.info.description ?? 'no adapter'}, not on ours`);
  }
  const value = { gpu: instance, userAgent: 'node', platform: process.platform };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
}
