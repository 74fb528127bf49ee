// Compiles kernel calls into pipelines, each text once a device. Layouts are explicit, so that calls
// with the same bindings can share bind groups whatever the compiler optimises away.
import { KernelCompileError } from '../../core/errors.ts';
import { formatCallName, type KernelCall } from '../../kernels/kernel.ts';
import { shaderInterface, specializeShader } from '../../kernels/wgsl.ts';
import type { WebGpuDevice } from './device.ts';

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export class PipelineCache {
  readonly #device: WebGpuDevice;
  readonly #compiled = new Map<string, Promise<CompiledKernel>>();

  constructor(device: WebGpuDevice) {
    this.#device = device;
  }

  /** The pipeline of a call. Throws KernelCompileError with the line the compiler refuses. */
  get(call: KernelCall): Promise<CompiledKernel> {
    const code = specializeShader(call);
    const known = this.#compiled.get(code);
    if (known !== undefined) return known;
    const made = this.#compile(call, code);
    this.#compiled.set(code, made);
    return made;
  }

  async #compile(call: KernelCall, code: string): Promise<CompiledKernel> {
    const device = this.#device.handle;
    const label = formatCallName(call);
    const module = await this.#compileModule(call, label, code);
    const layout = bindGroupLayout(device, call);
    const pipeline = await this.#device.wait(
      device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      }),
    );
    return { pipeline, layout };
  }

  async #compileModule(call: KernelCall, label: string, code: string): Promise<GPUShaderModule> {
    const device = this.#device.handle;
    device.pushErrorScope('validation'); // the compiler's messages say more than this error
    const module = device.createShaderModule({ label, code });
    const refused = device.popErrorScope();
    const info = await this.#device.wait(module.getCompilationInfo());
    await this.#device.wait(refused);
    const error = info.messages.find((message) => message.type === 'error');
    if (error === undefined) return module;
    const line = code.split('\n')[error.lineNum - 1] ?? '';
    throw new KernelCompileError(
      `${label} (${call.kernel.file}), line ${error.lineNum}: ${error.message}\n  ${line.trim()}`,
    );
  }
}

function bindGroupLayout(device: GPUDevice, call: KernelCall): GPUBindGroupLayout {
  const { storage } = shaderInterface(call.kernel.file);
  const uniform = (binding: number): GPUBindGroupLayoutEntry => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: 'uniform' },
  });
  const entries = storage.map(({ binding, access }) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
  }));
  return device.createBindGroupLayout({ entries: [uniform(0), uniform(1), ...entries] });
}
