// The speed of multiply-adds alone on the adapter, by which absolute figures of kernels can be judged.
import { readFileSync } from 'node:fs';
import { WebGpuDevice } from '../../src-ts/executor/webgpu/device.ts';
import { unrollShader } from '../../src-ts/kernels/wgsl.ts';
import type { Work } from '../measure.ts';

const [WORKGROUPS, LANES, SUMS, STEPS] = [256, 8, 12, 4096];

export const CEILING_FLOPS = 2 * WORKGROUPS * LANES * SUMS * STEPS;

/** Runs `bench/kernels/ceiling.wgsl`. */
export async function ceilingWork(): Promise<Work> {
  const device = await WebGpuDevice.open();
  const code = unrollShader(readFileSync(new URL('ceiling.wgsl', import.meta.url), 'utf8'));
  const module = device.handle.createShaderModule({ code });
  const compute = { module, entryPoint: 'main' };
  const pipeline = device.handle.createComputePipeline({ layout: 'auto', compute });
  const size = 4 * (WORKGROUPS + 1) * LANES;
  const buffer = device.handle.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
  const layout = pipeline.getBindGroupLayout(0);
  const entries = [{ binding: 0, resource: { buffer } }];
  const bindGroup = device.handle.createBindGroup({ layout, entries });
  return async (times) => {
    const encoder = device.handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(WORKGROUPS);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.wait(device.queue.onSubmittedWorkDone());
  };
}
