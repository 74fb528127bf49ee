// Every error a caller can do something about is an EngineError with a class of its own. The first
// line says where, what was expected and what came; further lines name the operands and, last, the
// remedy. The same facts are fields. A fault of ours is an InternalError and says so.

/** Base of all errors this package throws on purpose; the command line prints them without a stack. */
export class EngineError extends Error {
  override readonly name: string = this.constructor.name;
}

/** The bytes are not an ONNX model, or end too early. */
export class OnnxParseError extends EngineError {}

/** One operator of a model that has no import rule. */
export interface UnsupportedNode {
  readonly operator: string;
  readonly node: string;
  readonly opset: number;
  readonly reason?: string;
}

/** The model uses operators, or forms of them, that are not supported; all of them are listed. */
export class UnsupportedOpError extends EngineError {
  readonly nodes: readonly UnsupportedNode[];

  constructor(where: string, nodes: readonly UnsupportedNode[]) {
    const rows = nodes.map(({ operator, node, opset, reason }) => {
      const why = reason === undefined ? '' : `: ${reason}`;
      return `  ${operator} (opset ${opset}) at node "${node}"${why}`;
    });
    const count = nodes.length === 1 ? '1 node is' : `${nodes.length} nodes are`;
    super(`${where}: ${count} not supported\n${rows.join('\n')}`);
    this.nodes = nodes;
  }
}

/** Shapes or dtypes that do not fit together. */
export class ShapeError extends EngineError {}

/** A gradient was asked through an operator that has none. */
export class NotDifferentiableError extends EngineError {}

/** A model is well-formed but cannot be attacked as asked: inputs, outputs, sizes. */
export class ModelError extends EngineError {}

/** An option has a value outside its range. */
export class OptionError extends EngineError {}

/** No usable adapter, or none of the given name. */
export class DeviceError extends EngineError {}

/** The device went away or refused work while a program was running. */
export class DeviceLostError extends EngineError {}

/** Something asked for more than the adapter gives. */
export class DeviceLimitError extends EngineError {
  readonly asked: number;
  readonly available: number;

  constructor(what: string, asked: number, available: number, remedy?: string) {
    const tail = remedy === undefined ? '' : `\n  ${remedy}`;
    super(`${what}: asked for ${asked}, the adapter gives ${available}${tail}`);
    this.asked = asked;
    this.available = available;
  }
}

/** Memory ran out, or a size was refused that the adapter claims to allow. */
export class OutOfMemoryError extends EngineError {}

/** Whether the same may work with less at a time. */
export const asksForLess = (error: unknown): error is DeviceLimitError | OutOfMemoryError =>
  error instanceof DeviceLimitError || error instanceof OutOfMemoryError;

/** A WGSL kernel did not compile, and the message carries the line; or the device refuses its pipeline. */
export class KernelCompileError extends EngineError {}

/** A data set cannot be read, or is not what its name says. */
export class DataError extends EngineError {}

/** One image file cannot be decoded. */
export class ImageError extends EngineError {
  readonly path: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
  }
}

/** The native addon is missing or does not load. */
export class AddonError extends EngineError {}

/** Training ran away: a loss or a weight is not finite. */
export class DivergenceError extends EngineError {
  /** Counted from 1 over the whole run. */
  readonly step: number;
  readonly epoch: number;

  constructor(step: number, epoch: number, reason = 'the loss is not finite') {
    super(`training diverged at step ${step} (epoch ${epoch}): ${reason}\n  use a smaller --lr`);
    this.step = step;
    this.epoch = epoch;
  }
}

/** A result file cannot be written. */
export class OutputError extends EngineError {}

/** A fault of this package, not of its caller. */
export class InternalError extends Error {
  override readonly name = 'InternalError';

  constructor(message: string) {
    super(`${message} (this is a bug in deepfool-webgpu)`);
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
