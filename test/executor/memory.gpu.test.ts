// A thousand batches leave memory as they found it: every buffer that is made on the way is freed.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { listAdapters, openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { randomTensor } from '../reference/random.ts';

const BATCHES = 1000;
const WARM_UP = 1000; // by then heaps, pools and caches have the size they keep
const SIZE = 4096;

/** Resident bytes, once what has been read and dropped is collected. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().rss;
}

/** Counts buffers that live. */
async function watchBuffers(): Promise<{ live: () => number; stop: () => void }> {
  await listAdapters(); // installs the globals
  const live = new Set<GPUBuffer>();
  const make = Object.getOwnPropertyDescriptor(GPUDevice.prototype, 'createBuffer')!;
  const free = Object.getOwnPropertyDescriptor(GPUBuffer.prototype, 'destroy')!;
  GPUDevice.prototype.createBuffer = function (this: GPUDevice, descriptor) {
    const buffer = (make.value as GPUDevice['createBuffer']).call(this, descriptor);
    live.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function (this: GPUBuffer) {
    live.delete(this);
    (free.value as GPUBuffer['destroy']).call(this);
  };
  const stop = (): void => {
    Object.defineProperty(GPUDevice.prototype, 'createBuffer', make);
    Object.defineProperty(GPUBuffer.prototype, 'destroy', free);
  };
  return { live: () => live.size, stop };
}

it('buffers and resident memory stay as they are', async () => {
  const { live, stop } = await watchBuffers();
  const executor = await openWebGpu();
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [batchDim('N'), SIZE] });
  b.output('next', b.emit('softmax', { x }, { axis: 1 }));
  const options = { capacity: { N: 4 }, state: { x: 'next' } };
  const program = await executor.compile(b.finish(), options);
  program.setExtent('N', 4);
  const value = randomTensor([4, SIZE], 1);
  const batch = async (): Promise<void> => {
    program.write('x', value);
    program.run();
    await program.read(['x']);
  };
  for (let k = 0; k < WARM_UP; k++) await batch();
  const [buffers, resident] = [live(), residentBytes()];
  for (let k = 0; k < BATCHES; k++) await batch();
  expect(live()).toBe(buffers);
  expect(residentBytes() - resident).toBeLessThan(30e6);
  program.dispose();
  expect(live()).toBe(0);
  executor.dispose();
  stop();
});
