// Typed handles on the WGSL files in `shaders/`, and the plain records that ask for one dispatch.
//
// A kernel declares the names a caller may set; a misspelt constant, buffer or parameter is a type
// error, and a test holds each declaration to its WGSL text. Nothing here touches a device.
import type { ValueId } from '../graph/op-set.ts';
import type { Cost } from './cost.ts';

/** What a WGSL file lets its callers choose. */
export interface KernelDeclaration {
  /** Path under `shaders/`; without its folder and ending, the kernel's name. */
  readonly file: string;
  /** `const NAME = …;` lines whose value may be replaced. */
  readonly constants: readonly string[];
  /** One-line functions whose body may be replaced. */
  readonly slots: readonly string[];
  /** Storage buffers by their variable's name. */
  readonly buffers: readonly string[];
  /** Fields of `struct Params`. */
  readonly params: readonly string[];
}

export type Kernel<D extends KernelDeclaration = KernelDeclaration> = D;

export function defineKernel<const D extends KernelDeclaration>(declaration: D): Kernel<D> {
  return declaration;
}

/**
 * A buffer of a program: the storage of a value, the live count of a symbol, or, for a binding that a
 * specialised kernel never reads, nothing.
 */
export type BufferRef =
  | { readonly of: 'value'; readonly id: ValueId }
  | { readonly of: 'extent'; readonly symbol: string }
  | { readonly of: 'nothing' };

export const NO_BUFFER: BufferRef = { of: 'nothing' };

/**
 * How many work items a dispatch has: `unit` for each live row of the symbol `batch` (for one row when
 * it is null), `perGroup` of them to a workgroup along x (and z, when x is full); y repeats that grid.
 * The kernel finds `unit` in its parameters and the live count in `extent`.
 */
export interface Work {
  readonly unit: number;
  readonly batch: string | null;
  readonly perGroup: number;
  readonly y?: number;
}

/** A choice among kernels that do the same: what a tuning table may make otherwise. */
export interface Choice {
  /** The operation and the size of its work: what the table goes by. */
  readonly class: string;
  readonly variant: string;
  /** All that do this work without wasting most of it, the one chosen included. */
  readonly variants: readonly string[];
}

export interface KernelCall {
  readonly kernel: Kernel;
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly slots: Readonly<Record<string, string>>;
  readonly buffers: Readonly<Record<string, BufferRef>>;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly work: Work;
  readonly cost: Cost;
  readonly choice?: Choice;
}

type Named<Names extends readonly string[], T> = Readonly<Record<Names[number], T>>;

export interface CallOptions<D extends KernelDeclaration> {
  readonly constants?: Partial<Named<D['constants'], number | boolean>>;
  readonly slots?: Partial<Named<D['slots'], string>>;
  readonly buffers: Named<D['buffers'], BufferRef>;
  readonly params: Named<D['params'], number | readonly number[]>;
  readonly work: Work;
  readonly cost: Cost;
}

/** One dispatch of a kernel, as data. */
export function callKernel<D extends KernelDeclaration>(
  kernel: Kernel<D>,
  options: CallOptions<D>,
): KernelCall {
  return {
    kernel,
    constants: (options.constants ?? {}) as Record<string, number | boolean>,
    slots: (options.slots ?? {}) as Record<string, string>,
    buffers: options.buffers,
    params: options.params,
    work: options.work,
    cost: options.cost,
  };
}

/** `matmul_tiled`: the file without folder and ending. */
export function kernelName({ kernel }: KernelCall): string {
  return (kernel.file.split('/').at(-1) ?? '').replace(/\.wgsl$/, '');
}

/** `matmul_tiled<TILE_M=64,…>`: pipeline label, trace row, bench row, and with the slots the cache key. */
export function formatCallName(call: KernelCall): string {
  const stem = kernelName(call);
  const constants = Object.entries(call.constants).map(([name, value]) => `${name}=${value}`);
  return constants.length === 0 ? stem : `${stem}<${constants.join(',')}>`;
}
