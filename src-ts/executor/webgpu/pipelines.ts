// Compiles kernel calls into pipelines, each text once a device. Layouts are explicit, so that calls
// with the same bindings can share bind groups whatever the compiler optimises away.
import { KernelCompileError, messageOf } from '../../core/errors.ts';
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

  /**
   * The pipeline of a call. Throws KernelCompileError with the line the compiler refuses, or with what
   * the device has against the pipeline.
   */
  get(call: KernelCall): Promise<CompiledKernel> {
    const code = specializeShader(call);
    const known = this.#compiled.get(code);
    if (known !== undefined) return known;
    const made = this.#compile(call, code);
    this.#compiled.set(code, made);
    made.catch(() => this.#compiled.delete(code)); // memory may be there another time
    return made;
  }

  async #compile(call: KernelCall, code: string): Promise<CompiledKernel> {
    const device = this.#device.handle;
    const label = formatCallName(call);
    const module = await this.#compileModule(call, label, code);
    const { made, refusal } = await this.#device.attempt(() => {
      const layout = bindGroupLayout(device, call);
      return { layout, whole: device.createPipelineLayout({ bindGroupLayouts: [layout] }) };
    });
    if (refusal !== null) throw refused(call, refusal);
    const compute = { module, entryPoint: 'main' };
    const { layout, whole } = made;
    const pipeline = await this.#device.wait(
      device
        .createComputePipelineAsync({ label, layout: whole, compute })
        .catch((error: unknown) => refused(call, messageOf(error))),
    );
    if (pipeline instanceof Error) throw pipeline;
    return { pipeline, layout };
  }

  async #compileModule(call: KernelCall, label: string, code: string): Promise<GPUShaderModule> {
    const device = this.#device.handle;
    // The compiler's messages say more than the error.
    const { made: module } = await this.#device.attempt(() =>
      device.createShaderModule({ label, code }),
    );
    const info = await this.#device.wait(module.getCompilationInfo());
    const error = info.messages.find((message) => message.type === 'error');
    if (error === undefined) return module;
    const line = code.split('\n')[error.lineNum - 1] ?? '';
    throw new KernelCompileError(
      `${label} (${call.kernel.file}), line ${error.lineNum}: ${error.message}\n  ${line.trim()}`,
    );
  }
}

const refused = (call: KernelCall, reason: string): KernelCompileError =>
  new KernelCompileError(
    `${formatCallName(call)} (${call.kernel.file}): the device refuses it: ${reason.split('\n')[0]!}`,
  );

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
