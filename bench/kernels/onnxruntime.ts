// onnxruntime in the kernel bench, on its WebGPU provider or on its CPU one, from the ONNX file that our
// exporter writes for a case. It takes and gives tensors of the host, so each run has an upload and a
// read-back.
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { prepareVulkan } from '../../src-ts/executor/webgpu/vulkan.ts';
import { exportOnnx } from '../../src-ts/onnx/export/export-onnx.ts';
import { versionOf } from '../rivals/versions.ts';
import type { KernelEngine } from './engine.ts';
import { oneOpGraph, operandOf } from './graph.ts';

export function onnxruntimeEngine(provider: 'webgpu' | 'cpu'): KernelEngine {
  prepareVulkan();
  return {
    name: `onnxruntime ${provider} ${versionOf('onnxruntime-node')}`,
    prepare: async (each) => {
      const session = await InferenceSession.create(exportOnnx(oneOpGraph(each)), {
        ...{ executionProviders: [provider], logSeverityLevel: 3 },
        intraOpNumThreads: availableParallelism(),
      });
      const { data, shape } = operandOf(each);
      const feeds = { x: new Tensor('float32', data as Float32Array, [...shape]) };
      return {
        run: async (times) => {
          for (let i = 0; i < times; i++) await session.run(feeds);
        },
        output: async () => (await session.run(feeds))['y']!.data as Float32Array,
        dispose: () => void session.release(),
      };
    },
  };
}
