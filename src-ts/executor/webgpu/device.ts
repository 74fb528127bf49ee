// Finds an adapter and opens a device on it: limits requested, errors caught, loss reported.
import {
  DeviceError,
  DeviceLostError,
  messageOf,
  OutOfMemoryError,
  type EngineError,
} from '../../core/errors.ts';
import type { Tracer } from '../../core/tracer.ts';
import type { AdapterTraits } from '../../ops/op-def.ts';
import type { DeviceInfo } from '../executor.ts';
import { awaitGpu } from './polling.ts';
import { prepareVulkan } from './vulkan.ts';

/** Limits that kernels or plans can use more of than WebGPU's defaults. */
const WANTED_LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
] as const;

export interface OpenOptions {
  /** `auto`, `webgpu`, or part of an adapter's name. */
  readonly name?: string;
  /** Overrides what the adapter says of itself; tests use it to run the kernels of other devices. */
  readonly traits?: Partial<AdapterTraits>;
  /** Told of kernels, uploads and reads; nothing is measured without one. */
  readonly tracer?: Tracer;
  /** Told of what is not as asked, in sentences: limits refused, a table that does not fit. */
  readonly onNote?: (note: string) => void;
}

// Dawn keeps raw pointers to its instances: one that is collected takes pending work with it.
const instances: GPU[] = [];
let globalsInstalled = false;

async function createInstance(flags: string[]): Promise<GPU> {
  prepareVulkan();
  const { create, globals } = await import('webgpu');
  if (!globalsInstalled) Object.assign(globalThis, globals);
  globalsInstalled = true;
  const instance = create(flags);
  instances.push(instance);
  return instance;
}

const NO_ADAPTER =
  'No WebGPU adapter was found: no Vulkan driver that Dawn accepts is installed.\n' +
  '  `node scripts/setup.mjs` in the package sets one up on Debian; elsewhere install a Vulkan 1.3\n' +
  "  driver for your GPU, or Mesa's software driver lavapipe (mesa-vulkan-drivers, 24 or newer).";

/** Dawn rounds timestamps to 65 µs unless told not to. */
const EXACT_TIMESTAMPS = 'disable-dawn-features=timestamp_quantization';

async function requestAdapter(name: string, exactTimes: boolean): Promise<GPUAdapter> {
  const named = name !== 'auto' && name !== 'webgpu';
  // Dawn's own filter reaches every adapter, but by the driver's name; ours are found among all.
  const timing = exactTimes ? [EXACT_TIMESTAMPS] : [];
  for (const filter of named ? [[`adapter=${name}`], []] : [[]]) {
    const flags = [...filter, ...timing];
    for (const powerPreference of POWER_PREFERENCES) {
      const adapter = await adapterOf(await createInstance(flags), powerPreference);
      if (adapter !== null && (!named || describes(adapter, name))) return adapter;
    }
  }
  const found = (await listAdapters()).map((info) => `"${info.name}"`);
  if (found.length === 0) throw new DeviceError(NO_ADAPTER);
  throw new DeviceError(`device "${name}": no such adapter; found ${found.join(', ')}`);
}

const POWER_PREFERENCES = ['high-performance', 'low-power'] as const;

/** Dawn rejects when no adapter passes its filter. */
function adapterOf(gpu: GPU, powerPreference: GPUPowerPreference): Promise<GPUAdapter | null> {
  return awaitGpu(gpu.requestAdapter({ powerPreference })).catch(() => null);
}

/** Whether an adapter's facts contain a name; punctuation, which Dawn replaces by hyphens, aside. */
function describes(adapter: GPUAdapter, name: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const { device, description, vendor } = adapter.info;
  const names = [device, description, vendor, readableName(adapter.info)];
  return names.some((text) => plain(text).includes(plain(name)));
}

/** The adapters that WebGPU finds here; empty when there is no driver. */
export async function listAdapters(): Promise<DeviceInfo[]> {
  const gpu = await createInstance([]);
  const found = new Map<string, DeviceInfo>();
  for (const powerPreference of POWER_PREFERENCES) {
    const adapter = await adapterOf(gpu, powerPreference);
    if (adapter === null) continue;
    const info = describeAdapter(adapter);
    found.set(`${info.name}|${info.description}`, info);
  }
  return [...found.values()];
}

function describeAdapter({ info }: GPUAdapter): DeviceInfo {
  const software =
    info.isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader/i.test(`${info.device} ${info.description}`);
  return {
    name: readableName(info),
    backend: 'webgpu',
    software,
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description,
  };
}

/** Dawn writes lavapipe's name with dashes: `llvmpipe-llvm-15-0-6-256-bits-`. */
function readableName({ device, description }: GPUAdapterInfo): string {
  const llvmpipe = /^llvmpipe-llvm-(\d+)-(\d+)-(\d+)-(\d+)-bits-?$/.exec(device);
  if (llvmpipe === null) return device === '' ? description : device;
  const [, major, minor, patch, bits] = llvmpipe;
  return `llvmpipe (LLVM ${major!}.${minor!}.${patch!}, ${bits!} bits)`;
}

/** Kernels that broadcast within one subgroup win where registers are the only fast memory: on CPUs. */
function adapterTraits(adapter: GPUAdapter, info: DeviceInfo): AdapterTraits {
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = adapter.info;
  const fixed = subgroupMinSize === subgroupMaxSize && [4, 8, 16, 32].includes(subgroupMinSize);
  const usable = info.software && fixed && adapter.features.has('subgroups');
  return { subgroupLanes: usable ? subgroupMinSize : null };
}

/** What a device is opened with. */
interface Request {
  readonly requiredLimits: Record<string, GPUSize64>;
  readonly requiredFeatures: GPUFeatureName[];
}

/** Scopes of the errors that a refusal comes as. */
const SCOPES = ['out-of-memory', 'internal', 'validation'] as const;

/** A device with its adapter's facts. All errors the device reports come out of `check`. */
export class WebGpuDevice {
  readonly info: DeviceInfo;
  readonly traits: AdapterTraits;
  readonly handle: GPUDevice;
  /** One reference: the binding makes a new wrapper at each access. */
  readonly queue: GPUQueue;
  readonly tracer: Tracer | null;
  /** What was not as asked so far, in sentences. */
  readonly notes: string[] = [];
  readonly #onNote: (note: string) => void;
  #failure: EngineError | null = null;
  #exhaustion: OutOfMemoryError | null = null;
  #exhaustions = 0;
  #disposed = false;

  private constructor(
    handle: GPUDevice,
    info: DeviceInfo,
    traits: AdapterTraits,
    { tracer, onNote }: OpenOptions,
  ) {
    this.tracer = tracer ?? null;
    this.#onNote = onNote ?? (() => undefined);
    this.handle = handle;
    this.queue = handle.queue;
    this.info = info;
    this.traits = traits;
    handle.addEventListener('uncapturederror', ({ error }) => {
      if (error instanceof GPUOutOfMemoryError) {
        this.#exhaustions++;
        this.#exhaustion = new OutOfMemoryError(
          `${info.name} ran out of memory: ${firstLine(error.message)}`,
        );
      } else {
        this.#failure ??= new DeviceLostError(`${info.name} refused work: ${error.message}`);
      }
    });
    void handle.lost.then(({ reason, message }) => {
      if (this.#disposed) return;
      this.#failure = new DeviceLostError(
        `${info.name} was lost (${reason}): ${message}\n` +
          '  The results written so far are whole; run the command again for the rest.',
      );
    });
  }

  /** Throws DeviceError when there is no such adapter, or it gives no device. */
  static async open(options: OpenOptions = {}): Promise<WebGpuDevice> {
    const { name = 'auto', traits, tracer } = options;
    const adapter = await requestAdapter(name, tracer !== undefined);
    const info = describeAdapter(adapter);
    const own = { ...adapterTraits(adapter, info), ...traits };
    const requiredFeatures: GPUFeatureName[] = own.subgroupLanes === null ? [] : ['subgroups'];
    const timed = tracer !== undefined && adapter.features.has('timestamp-query');
    if (timed) requiredFeatures.push('timestamp-query');
    const requiredLimits = Object.fromEntries(
      WANTED_LIMITS.map((limit) => [limit, adapter.limits[limit]]),
    );
    const { handle, refusal } = await requestDevice(adapter, info, {
      requiredLimits,
      requiredFeatures,
    });
    const device = new WebGpuDevice(handle, info, own, options);
    if (refusal !== null) {
      device.note(
        `${info.name} refused the limits it claims (${refusal}): those of every WebGPU device are used`,
      );
    }
    return device;
  }

  /** Tells of something that is not as asked, once. */
  note(note: string): void {
    if (this.notes.includes(note)) return;
    this.notes.push(note);
    this.#onNote(note);
  }

  /** How often memory has run out. What was enqueued before may be lost without a word. */
  get exhaustions(): number {
    return this.#exhaustions;
  }

  /** Throws what the device has reported, of memory only what came after so many `exhaustions`. */
  check(exhaustions?: number): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#disposed) throw new DeviceLostError(`${this.info.name} has been closed`);
    if (exhaustions === undefined || exhaustions === this.#exhaustions) return;
    throw this.#exhaustion!;
  }

  /** Waits for a promise of the device, then reports what went wrong meanwhile. */
  async wait<T>(promise: Promise<T>, exhaustions?: number): Promise<T> {
    const result = await awaitGpu(promise).catch((thrown: unknown) => {
      this.check(exhaustions);
      throw new DeviceLostError(`${this.info.name} dropped pending work: ${messageOf(thrown)}`);
    });
    this.check(exhaustions);
    return result;
  }

  /** Runs `make` and returns the device's refusal of any of it, if there is one. */
  async attempt<T>(make: () => T): Promise<{ readonly made: T; readonly refusal: string | null }> {
    for (const scope of SCOPES) this.handle.pushErrorScope(scope);
    // Scopes are a stack of the device: nothing else may come between.
    const errors: Promise<GPUError | null>[] = [];
    let made: T;
    try {
      made = make();
    } finally {
      for (const _ of SCOPES) errors.push(this.handle.popErrorScope());
    }
    const [first] = (await this.wait(Promise.all(errors))).filter((error) => error !== null);
    return { made, refusal: first === undefined ? null : firstLine(first.message) };
  }

  /** Runs `make`; where the device refuses any of it, releases what was made and throws OutOfMemoryError. */
  async guardAllocation<T>(
    what: string,
    bytes: number,
    make: () => T,
    release: (made: T) => void,
  ): Promise<T> {
    const { made, refusal } = await this.attempt(make);
    if (refusal === null) return made;
    release(made);
    throw new OutOfMemoryError(
      `${what}: ${this.info.name} refused ${bytes} bytes: ${refusal}\n  Use a smaller --batch.`,
    );
  }

  /** Bytes of the largest buffer that can be made and bound. */
  get bufferLimit(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.handle.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  dispose(): void {
    this.#disposed = true;
    this.handle.destroy();
  }
}

/** A device as asked for, or, where the adapter refuses what it claims to have, with the default limits. */
async function requestDevice(
  adapter: GPUAdapter,
  { name }: DeviceInfo,
  { requiredLimits, requiredFeatures }: Request,
): Promise<{ handle: GPUDevice; refusal: string | null }> {
  let refusal: string | null = null;
  for (const limits of [requiredLimits, {}]) {
    try {
      const descriptor = { requiredLimits: limits, requiredFeatures };
      return { handle: await awaitGpu(adapter.requestDevice(descriptor)), refusal };
    } catch (error) {
      refusal = firstLine(messageOf(error));
    }
  }
  throw new DeviceError(`${name} gives no device: ${refusal!}`);
}

const firstLine = (message: string): string => message.split('\n')[0]!;
