// What an export rule works with: the value names of a node's operands, ONNX nodes appended one call
// each, stored constants shared, and the run-time extents of symbols. One context serves one graph.
import { InternalError } from '../../core/errors.ts';
import {
  findBatch,
  formatShape,
  isStatic,
  type Dim,
  type Dtype,
  type Shape,
  type TensorType,
} from '../../core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../../core/tensor.ts';
import {
  ELEMENT_TYPES,
  int64Tensor,
  type Attributes,
  type ModelWriter,
  type PortDim,
} from './model-writer.ts';

/** A value of the file: its name, and its type in the graph. */
export interface Named {
  readonly name: string;
  readonly type: TensorType;
}

/** Thrown by a rule that has no ONNX form for its node. */
export class ExportRefusal extends Error {}

export class ExportContext {
  readonly #writer: ModelWriter;
  readonly #numbers = new Map<string, string>();
  readonly #carriers = new Map<string, { readonly name: string; readonly shape: Shape }>();
  readonly #extents = new Map<string, string>();
  #label = '';

  constructor(writer: ModelWriter) {
    this.#writer = writer;
  }

  /** What the nodes that follow are called. */
  beginNode(label: string): void {
    this.#label = label;
  }

  /** Appends a node of one output and returns the output's name. */
  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(operator, inputs, 1, attributes)[0]!;
  }

  /** Appends a node of several outputs; the names of all of them. */
  ops(
    operator: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
  ): string[] {
    const label = this.#label === '' ? '' : `${this.#label}/${operator}`;
    const outputs = Array.from({ length: count }, () => this.#writer.uniqueName(operator));
    this.#writer.node(operator, inputs, outputs, attributes, label);
    return outputs;
  }

  store(wish: string, tensor: Tensor): string {
    const name = this.#writer.uniqueName(wish);
    this.#writer.initializer(name, tensor);
    return name;
  }

  /** One stored number without dimensions. */
  number(value: number, dtype: Dtype = 'float32'): string {
    return this.#shared(`${dtype} ${Object.is(value, -0) ? '-0' : value}`, () => {
      if (dtype === 'float32') return floatTensor([], [value]);
      return dtype === 'int64' ? int64Tensor([value], []) : { ...intTensor([], [value]), dtype };
    });
  }

  /** Stored whole numbers: axes, sizes, positions. */
  ints(values: readonly number[]): string {
    return this.#shared(`int64 [${values.join()}]`, () => int64Tensor(values));
  }

  /** Notes a value whose shape tells the extent of a symbol at run time. */
  noteSymbols(name: string, shape: Shape): void {
    const batch = findBatch(shape);
    if (batch === null || this.#carriers.has(batch.dim.symbol)) return;
    this.#carriers.set(batch.dim.symbol, { name, shape });
  }

  /** A shape as a vector of int64, computed where it is not known now. */
  sizes(shape: Shape): string {
    if (isStatic(shape)) return this.ints(shape);
    const parts = shape.map((dim) => this.size(dim));
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, { axis: 0 });
  }

  /** One dimension as a vector of one int64. */
  size(dim: Dim): string {
    if (typeof dim === 'number') return this.ints([dim]);
    const extent = this.#extentOf(dim.symbol);
    return dim.times === 1 ? extent : this.op('Mul', [extent, this.ints([dim.times])]);
  }

  reshape(name: string, shape: Shape): string {
    const open = shape.filter((dim) => typeof dim !== 'number');
    if (open.length > 1) throw new InternalError(`two open dimensions in ${formatShape(shape)}`);
    const target = shape.map((dim) => (typeof dim === 'number' ? dim : -1));
    const keepsZeros: Attributes = target.includes(0) && open.length === 0 ? { allowzero: 1 } : {};
    return this.op('Reshape', [name, this.ints(target)], keepsZeros);
  }

  cast(name: string, to: Dtype): string {
    return this.op('Cast', [name], { to: ELEMENT_TYPES[to] });
  }

  /** The operand as `dtype`, cast only when it is another. */
  as({ name, type }: Named, dtype: Dtype): string {
    return type.dtype === dtype ? name : this.cast(name, dtype);
  }

  refuse(reason: string): never {
    throw new ExportRefusal(reason);
  }

  #shared(key: string, make: () => Tensor): string {
    const name = this.#numbers.get(key) ?? this.store('constant', make());
    this.#numbers.set(key, name);
    return name;
  }

  #extentOf(symbol: string): string {
    const known = this.#extents.get(symbol);
    if (known !== undefined) return known;
    const carrier = this.#carriers.get(symbol);
    if (carrier === undefined) throw new InternalError(`no value carries the extent "${symbol}"`);
    const { axis, dim } = findBatch(carrier.shape)!;
    const all = this.op('Shape', [carrier.name]);
    const own = this.op('Gather', [all, this.ints([axis])], { axis: 0 });
    const extent = dim.times === 1 ? own : this.op('Div', [own, this.ints([dim.times])]);
    this.#extents.set(symbol, extent);
    return extent;
  }
}

/** A dimension as a port declares it. */
export function portDim(dim: Dim): PortDim {
  if (typeof dim === 'number') return dim;
  return dim.times === 1 ? dim.symbol : `${dim.times}*${dim.symbol}`;
}
