// What an import rule works with: the graph under construction, constants folded as it goes, and the
// ways to refuse a node. One context serves one node.
import { ModelError } from '../core/errors.ts';
import {
  elementCount,
  formatDim,
  formatShape,
  formatType,
  isStatic,
  type Dim,
  type Dtype,
  type Shape,
  type TensorType,
} from '../core/shape.ts';
import { allocate, floatTensor, tensor, type Tensor } from '../core/tensor.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../graph/op-set.ts';
import { opDef, type GraphBuilder } from '../ops/builder.ts';
import type { InputsAs } from '../ops/op-def.ts';
import { crossesBatch, mixesBatch } from './batch-safety.ts';
import { foldNode, type FoldBudget } from './fold.ts';
import { constantValue, dimsOf, type Value } from './value.ts';

/** Thrown by a rule that cannot take its node; the importer collects the reasons of all nodes. */
export class NodeRefusal extends Error {}

/** How the file's sizes stand for a batch. */
export interface FileBatch {
  /** Images that the sizes written in the file hold. */
  readonly size: number;
  /** Whether the file fixes that size, rather than leaving it open. */
  readonly fixed: boolean;
}

/** Elements that any one value may have, per image; beyond it a size is taken for damage. */
const MAX_ELEMENTS = 2 ** 31;
const MAX_RANK = 16;

export class NodeContext {
  readonly operator: string;
  readonly label: string;
  readonly opset: number;
  /** How many outputs the node has in the file. */
  readonly outputCount: number;
  /** Whether Dropout stays in the graph, for training. */
  readonly keepsDropout: boolean;
  readonly batch: FileBatch;
  readonly #elements: readonly (string | null)[];
  readonly #builder: GraphBuilder;
  readonly #budget: FoldBudget;

  constructor(
    builder: GraphBuilder,
    node: {
      operator: string;
      label: string;
      opset: number;
      outputCount: number;
      keepsDropout?: boolean;
      elements?: readonly (string | null)[];
    },
    batch: FileBatch,
    budget: FoldBudget,
  ) {
    this.#builder = builder;
    this.#budget = budget;
    this.operator = node.operator;
    this.label = node.label;
    this.opset = node.opset;
    this.outputCount = node.outputCount;
    this.keepsDropout = node.keepsDropout ?? false;
    this.#elements = node.elements ?? [];
    this.batch = batch;
  }

  /** Appends a node, or computes it when all it reads is known. */
  emit<K extends OpKind>(kind: K, inputs: InputsAs<K, Value>, attrs: OpAttrs<K>): Value {
    const operands = Object.entries(inputs as Record<string, Value | undefined>).filter(
      (entry): entry is [string, Value] => entry[1] !== undefined,
    );
    const types = Object.fromEntries(operands.map(([name, { type }]) => [name, type]));
    const mixes = mixesBatch(kind, types, attrs);
    if (mixes !== null) this.fail(`${mixes}: the images of a batch would not be independent`);
    const type = opDef(kind).infer(types as InputsAs<K, TensorType>, attrs, this.label);
    this.checkSize(type);
    if (operands.every(([, { kind: known }]) => known === 'constant')) {
      const known = operands.flatMap(([name, value]) =>
        value.kind === 'constant' ? [[name, value.tensor] as const] : [],
      );
      const tensors = Object.fromEntries(known) as unknown as InputsAs<K, Tensor>;
      const folded = foldNode(kind, tensors, attrs, type, this.#budget);
      if (folded !== null) return constantValue(folded);
    }
    const ids = Object.fromEntries(operands.map(([name, value]) => [name, this.idOf(value)]));
    const id = this.#builder.emit(kind, ids as OpInputs<K>, attrs, this.label);
    return { kind: 'graph', type, id };
  }

  /** The value's place in the graph; a constant gets one when it is first needed. */
  idOf(value: Value): ValueId {
    switch (value.kind) {
      case 'graph':
        return value.id;
      case 'constant':
        return this.#builder.constant(value.tensor);
      case 'dims':
        return this.refuse(`it computes with the batch size (${formatShape(value.dims)})`);
    }
  }

  /** A constant of one dimensionless number. */
  number(value: number, dtype: Dtype = 'float32'): Value {
    return this.filled([], value, dtype);
  }

  floats(shape: readonly number[], values: ArrayLike<number>): Value {
    return constantValue(floatTensor(shape, values));
  }

  /** A constant with the same number everywhere. */
  filled(shape: readonly number[], value: number, dtype: Dtype = 'float32'): Value {
    const count = elementCount(shape);
    if (!this.#budget.spend(count, dtype)) {
      this.fail(`a constant of shape ${formatShape(shape)} has ${count} elements: too many`);
    }
    return constantValue(tensor(dtype, shape, allocate(dtype, count).fill(value)));
  }

  /** Checks that a constant of this shape, made element by element, is one that can be made. */
  reserve(shape: readonly number[], dtype: Dtype = 'float32'): void {
    const count = elementCount(shape);
    if (this.#budget.look(count) && this.#budget.spend(count, dtype)) return;
    this.fail(`a constant of shape ${formatShape(shape)} has ${count} elements: too many`);
  }

  /** A constant operand to look at; refuses one that is computed at run time. */
  tensorOf(value: Value, name: string): Tensor {
    if (value.kind !== 'constant') return this.refuse(`its ${name} is not a constant`);
    const held = value.tensor;
    if (this.#budget.look(held.data.length)) return held;
    return this.fail(`its ${name} has ${held.data.length} elements: too many`);
  }

  /** The numbers of a constant operand. */
  numbers(value: Value, name: string): number[] {
    return Array.from(this.tensorOf(value, name).data);
  }

  /** The element type that the file gives an input, such as "uint8"; null where it does not say. */
  elementType(position: number): string | null {
    return this.#elements[position] ?? null;
  }

  /** A list of sizes, some of them perhaps the batch's. */
  sizes(value: Value, name: string): readonly Dim[] {
    const dims = dimsOf(value) ?? this.refuse(`its ${name} is not a constant`);
    const broken = dims.find((dim) => typeof dim === 'number' && !Number.isSafeInteger(dim));
    return broken === undefined ? dims : this.fail(`its ${name} has an entry ${formatDim(broken)}`);
  }

  /** The shape of a value whose every dimension must be known. */
  staticShape(value: Value, name: string): readonly number[] {
    const { shape } = value.type;
    if (isStatic(shape)) return shape;
    return this.fail(`its ${name} ${formatType(value.type)} must have a fixed shape`);
  }

  /** An axis of a value, counted from the end when negative; ONNX's range is checked. */
  axis(axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (Number.isInteger(axis) && positive >= 0 && positive < rank) return positive;
    return this.fail(`axis ${axis} is out of range for ${rank} dimensions`);
  }

  /** A dimension that must be a number, such as a channel count. */
  staticDim(shape: Shape, axis: number): number {
    const dim = shape[axis];
    if (typeof dim === 'number') return dim;
    return this.fail(`dimension ${axis} of ${formatShape(shape)} must be fixed`);
  }

  /** Stops: the model is wrong, or cannot be read with this batch. */
  fail(reason: string): never {
    throw new ModelError(`${this.operator} "${this.label}": ${reason}`);
  }

  /** Stops: the operator is fine, this form of it is not supported. */
  refuse(reason: string): never {
    throw new NodeRefusal(reason);
  }

  checkSize({ dtype, shape }: TensorType): void {
    const perImage = shape.map((dim) => (typeof dim === 'number' ? dim : dim.times));
    const whole = perImage.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
    if (crossesBatch(shape)) this.fail(`${formatShape(shape)} pairs the images of a batch`);
    if (!whole || shape.length > MAX_RANK || elementCount(perImage) > MAX_ELEMENTS) {
      this.fail(`its result would be ${dtype}${formatShape(shape)}`);
    }
  }
}
