// The one interface behind which machines run graphs. Attacks and training know only this file.
//
// A program owns the storage of its inputs and outputs. Work is enqueued, not awaited: `run` returns
// at once, nothing is read back until `read` is called, and reads happen between runs, in order.
import type { Extents } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Graph } from '../graph/graph.ts';

export interface DeviceInfo {
  /** What a person would call it: "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly name: string;
  readonly backend: 'webgpu';
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

export interface CompileOptions {
  /** The largest extent of each symbol, for which storage is laid out. */
  readonly capacity: Extents;
  /**
   * Inputs that a run replaces by outputs: after `run`, input `name` holds the value of output
   * `state[name]`, rows and live count. What makes a graph a step of a loop.
   */
  readonly state?: Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** How often to run, one after the other. */
  readonly times?: number;
  /** Known upper bounds of the extents, to launch no more work than needed; capacity when absent. */
  readonly bounds?: Extents;
}

/**
 * Where memory runs out during a run, `run` and `read` throw OutOfMemoryError from then on: dispose of the
 * program, and make a smaller one. DeviceLostError is for good.
 */
export interface Program {
  /** Bytes of device memory this program holds. */
  readonly byteLength: number;
  /** Uploads rows of an input, starting at `row`; the rest of its storage keeps its values. */
  readonly write: (input: string, value: Tensor, row?: number) => void;
  /** Sets the live count of a symbol that the graph's inputs carry. */
  readonly setExtent: (symbol: string, count: number) => void;
  /** Enqueues the graph. */
  readonly run: (options?: RunOptions) => void;
  /** Reads inputs (states) or outputs by name, after all work enqueued so far; rows `start` to `end`. */
  readonly read: (
    names: readonly string[],
    rows?: { readonly start: number; readonly end: number },
  ) => Promise<Readonly<Record<string, Tensor>>>;
  /** Reads live counts. */
  readonly readExtents: (symbols: readonly string[]) => Promise<Extents>;
  readonly dispose: () => void;
}

/** Bytes of device memory. */
export interface MemoryNeed {
  /** Of all buffers together. */
  readonly total: number;
  readonly largestBuffer: number;
  /** The largest buffer the device can bind. */
  readonly bufferLimit: number;
}

/** One dispatch of a run: what it does at given extents, and by which kernel. */
export interface CallDescription {
  /** The node it comes from. */
  readonly label: string;
  readonly kernel: string;
  /** The choices its kernel was specialised by. */
  readonly variant: Readonly<Record<string, number | boolean>>;
  readonly workgroups: number;
  /** Floating-point operations, a multiplication with addition counting as two. */
  readonly flops: number;
  /** Bytes it must read or write, each once. */
  readonly bytes: number;
}

export interface BufferDescription {
  readonly name: string;
  /** `constant` and `packed` hold weights, `port` an input or output, `slot` values that take turns. */
  readonly kind: 'constant' | 'packed' | 'port' | 'slot';
  readonly bytes: number;
}

/** What a program would do in one run, and the storage it would do it in. */
export interface PlanDescription {
  readonly calls: readonly CallDescription[];
  readonly buffers: readonly BufferDescription[];
  /** Bytes of device memory. */
  readonly memory: {
    /** Of all buffers, while the program runs. */
    readonly planned: number;
    /** The largest sum of all values alive at one time: no plan needs less. */
    readonly bound: number;
    /** Beyond `planned`, while the program is made: weights before they are packed. */
    readonly whileCompiling: number;
  };
}

/** What can be told of programs before they are made. */
export interface Planner {
  /** What a graph would need; nothing is allocated. */
  readonly memory: (graph: Graph, options: CompileOptions) => MemoryNeed;
  /** What a run would do with `live` rows of each symbol; capacity when absent. */
  readonly describe: (graph: Graph, options: CompileOptions, live?: Extents) => PlanDescription;
}

export interface Executor extends Planner {
  readonly info: DeviceInfo;
  /** Name and hash of the table that kernel variants come from: results agree to the bit by the same one. */
  readonly tuning: string;
  /** What was not as asked so far, in sentences: limits refused, a table that does not fit. */
  readonly notes: readonly string[];
  /**
   * Plans storage, compiles kernels, uploads constants.
   * Throws DeviceLimitError when a value at this capacity is larger than the device can bind,
   * OutOfMemoryError when it refuses the storage, KernelCompileError when it refuses a kernel.
   */
  readonly compile: (graph: Graph, options: CompileOptions) => Promise<Program>;
  /** Waits until all enqueued work is done and a tracer, if there is one, has been told of it. */
  readonly finish: () => Promise<void>;
  readonly dispose: () => void;
}
