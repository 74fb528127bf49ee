// Run in a child by vulkan.mjs: loads the given libraries and what they need, asks WebGPU for a
// device, computes on it, and prints one line of JSON: the adapter's name and, in order, the
// libraries that a process must load first. Exits 1 with a reason when any of this fails.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const RTLD_NODELETE = 0x1000; // glibc: the library stays although Node refuses it as an addon
const { roots, folders } = JSON.parse(process.argv[2] ?? '{"roots":[],"folders":[]}');
const preload = [];

// A library that names a missing dependency has that loaded first, then gets its second try.
function load(file) {
  if (preload.includes(file)) return;
  for (;;) {
    let reason = '';
    try {
      process.dlopen({ exports: {} }, file, os.constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    } catch (error) {
      reason = error.message; // "did not self-register" is what a loaded plain library gives
    }
    const missing = /^(\S+): cannot open shared object file/.exec(reason)?.[1];
    if (missing === undefined) break;
    const found = folders.map((folder) => path.join(folder, missing)).find(fs.existsSync);
    if (found === undefined || preload.includes(found)) throw new Error(reason);
    load(found);
  }
  preload.push(file);
}

async function computeOnce(device) {
  const code = `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x * 3u; }`;
  const STORAGE = 0x80;
  const COPY_SRC = 4;
  const COPY_DST = 8;
  const MAP_READ = 1;
  const result = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC });
  const readback = device.createBuffer({ size: 256, usage: MAP_READ | COPY_DST });
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const entries = [{ binding: 0, resource: { buffer: result } }];
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, readback, 0, 256);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(MAP_READ);
  const values = new Uint32Array(readback.getMappedRange());
  if (!values.every((value, index) => value === 3 * index)) throw new Error('wrong results');
}

try {
  for (const root of roots) load(root);
  const { create } = await import('webgpu');
  globalThis.dawn = create([]); // held for the life of the process: a collected instance crashes
  const adapter = await globalThis.dawn.requestAdapter();
  if (!adapter) throw new Error('WebGPU finds no adapter');
  const device = await adapter.requestDevice();
  await computeOnce(device);
  const { vendor, architecture, device: name, description } = adapter.info;
  const title = [vendor, architecture, name, description].filter(Boolean).join(' ');
  fs.writeSync(1, `${JSON.stringify({ adapter: title, preload })}\n`);
  process.exit(0);
} catch (error) {
  fs.writeSync(2, `${error.message}\n`);
  process.exit(1);
}
