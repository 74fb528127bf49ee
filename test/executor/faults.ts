// Devices that fail on demand: methods of WebGPU's prototypes replaced for as long as a fault lasts.
import { listAdapters } from '../../src-ts/executor/webgpu/index.ts';

/** Replaces a method by what `wrap` makes of it; returns what puts it back. */
export async function wrapMethod<T extends object, A extends unknown[], R>(
  prototype: () => T,
  name: keyof T,
  wrap: (original: (this: T, ...args: A) => R) => (this: T, ...args: A) => R,
): Promise<() => void> {
  await listAdapters(); // installs the globals
  const target = prototype();
  const original = Object.getOwnPropertyDescriptor(target, name)!;
  const value = wrap(original.value as (this: T, ...args: A) => R);
  Object.defineProperty(target, name, { ...original, value });
  return () => Object.defineProperty(target, name, original);
}

/** Runs `body` while the faults last. */
export async function during<T>(
  faults: readonly Promise<() => void>[],
  body: () => Promise<T>,
): Promise<T> {
  const restore = await Promise.all(faults);
  try {
    return await body();
  } finally {
    for (const each of restore.reverse()) each();
  }
}

/** Devices as they are opened. */
export function watchDevices(opened: GPUDevice[]): Promise<() => void> {
  return wrapMethod<GPUAdapter, [GPUDeviceDescriptor?], Promise<GPUDevice>>(
    () => GPUAdapter.prototype,
    'requestDevice',
    (request) =>
      async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
        const device = await request.call(this, descriptor);
        opened.push(device);
        return device;
      },
  );
}

/** No buffer is larger than `most` bytes, whatever the adapter claims. */
export function lieAboutBuffers(most: number): Promise<() => void> {
  return wrapMethod<GPUDevice, [GPUBufferDescriptor], GPUBuffer>(
    () => GPUDevice.prototype,
    'createBuffer',
    (create) =>
      function (this: GPUDevice, descriptor: GPUBufferDescriptor) {
        const size = descriptor.size > most ? 2 ** 40 : descriptor.size;
        return create.call(this, { ...descriptor, size });
      },
  );
}

/** No buffer of more than `most` bytes can be bound. */
export function lieAboutBindings(most: number): Promise<() => void> {
  return wrapMethod<GPUDevice, [GPUBindGroupDescriptor], GPUBindGroup>(
    () => GPUDevice.prototype,
    'createBindGroup',
    (create) =>
      function (this: GPUDevice, descriptor: GPUBindGroupDescriptor) {
        const entries = [...descriptor.entries];
        const tooLarge = entries.some(({ resource }) => {
          const { buffer, size } = resource as GPUBufferBinding;
          return (size ?? buffer.size) > most;
        });
        return create.call(this, tooLarge ? { ...descriptor, entries: [] } : descriptor);
      },
  );
}

/** Memory for `most` bytes of buffers that live at one time: a device says so in an error scope. */
export function limitMemory(most: number): Promise<() => void>[] {
  let [live, exhausted] = [0, false];
  const scopes: GPUErrorFilter[] = [];
  return [
    wrapMethod<GPUDevice, [GPUBufferDescriptor], GPUBuffer>(
      () => GPUDevice.prototype,
      'createBuffer',
      (create) =>
        function (this: GPUDevice, descriptor: GPUBufferDescriptor) {
          live += descriptor.size;
          exhausted ||= live > most;
          return create.call(this, descriptor);
        },
    ),
    wrapMethod<GPUBuffer, [], undefined>(
      () => GPUBuffer.prototype,
      'destroy',
      (destroy) =>
        function (this: GPUBuffer) {
          live -= this.size;
          destroy.call(this);
        },
    ),
    wrapMethod<GPUDevice, [GPUErrorFilter], undefined>(
      () => GPUDevice.prototype,
      'pushErrorScope',
      (push) =>
        function (this: GPUDevice, filter: GPUErrorFilter) {
          scopes.push(filter);
          push.call(this, filter);
        },
    ),
    wrapMethod<GPUDevice, [], Promise<GPUError | null>>(
      () => GPUDevice.prototype,
      'popErrorScope',
      (pop) =>
        async function (this: GPUDevice) {
          const seen = scopes.pop() === 'out-of-memory' && exhausted;
          if (seen) exhausted = false;
          const error = await pop.call(this);
          return seen ? new GPUOutOfMemoryError('no memory is left') : error;
        },
    ),
  ];
}

/** Makes a device tell that memory has run out, as it does for work that is not guarded. */
export function exhaust(device: GPUDevice): void {
  const error = new GPUOutOfMemoryError('no memory is left');
  device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
}

/** Pipelines whose label is chosen are refused; `refused` hears of them. */
export function refusePipelines(chosen: (label: string) => boolean): Promise<() => void> {
  return wrapMethod<GPUDevice, [GPUComputePipelineDescriptor], Promise<GPUComputePipeline>>(
    () => GPUDevice.prototype,
    'createComputePipelineAsync',
    (create) =>
      function (this: GPUDevice, descriptor: GPUComputePipelineDescriptor) {
        if (!chosen(descriptor.label ?? '')) return create.call(this, descriptor);
        return Promise.reject(new Error('workgroup too large\n - While compiling'));
      },
  );
}
