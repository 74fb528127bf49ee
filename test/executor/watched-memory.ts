// What a process holds: resident bytes, and buffers that live, by number and bytes.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { wrapMethod } from './faults.ts';

const READINGS = 3;

/** Resident bytes, once what has been read and dropped is collected: the least of a few readings. */
export async function residentBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let least = Infinity;
  for (let k = 0; k < READINGS; k++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20)); // buffers are freed a turn later
    least = Math.min(least, process.memoryUsage().rss);
  }
  return least;
}

/** Buffers that live. */
export interface Buffers {
  readonly count: number;
  readonly bytes: number;
}

/** Counts the buffers that are made from now on. */
export async function watchBuffers(): Promise<{ live: () => Buffers; stop: () => void }> {
  const live = new Map<GPUBuffer, number>();
  const stopCreating = await wrapMethod<GPUDevice, [GPUBufferDescriptor], GPUBuffer>(
    () => GPUDevice.prototype,
    'createBuffer',
    (create) =>
      function (descriptor) {
        const buffer = create.call(this, descriptor);
        live.set(buffer, descriptor.size);
        return buffer;
      },
  );
  const stopDestroying = await wrapMethod<GPUBuffer, [], undefined>(
    () => GPUBuffer.prototype,
    'destroy',
    (destroy) =>
      function () {
        live.delete(this);
        destroy.call(this);
      },
  );
  return {
    live: () => ({ count: live.size, bytes: [...live.values()].reduce((a, b) => a + b, 0) }),
    stop: () => {
      stopDestroying();
      stopCreating();
    },
  };
}
