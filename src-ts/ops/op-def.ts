// What an op file must say about each of its ops: shape rule, gradient, plain-loop value, kernels.
import type { Extents, StaticShape, TensorType } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';
import type { NodeOf } from '../graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../graph/op-set.ts';
import type { BufferRef, KernelCall } from '../kernels/kernel.ts';

/** The inputs of an op with something else in the place of ids; optional inputs stay optional. */
export type InputsAs<K extends OpKind, T> = {
  readonly [Name in keyof OpInputs<K>]: undefined extends OpInputs<K>[Name] ? T | undefined : T;
};

/** Appends a node to the graph under construction. */
export type Emit = <K extends OpKind>(kind: K, inputs: OpInputs<K>, attrs: OpAttrs<K>) => ValueId;

export interface VjpContext {
  readonly emit: Emit;
  readonly typeOf: (id: ValueId) => TensorType;
  readonly constant: (tensor: Tensor) => ValueId;
  /** Whether the caller needs the cotangent of this input; a rule may skip what nobody asks for. */
  readonly needs: (input: string) => boolean;
}

/**
 * The vector-Jacobian product of a node. `inputs` and `output` are the forward values as the
 * cotangent sees them: with K cotangents folded into the batch they are row views, and the rule does
 * not know. Returns the cotangent of each input it was asked for.
 */
export type VjpRule<K extends OpKind> = (
  node: { readonly inputs: OpInputs<K>; readonly output: ValueId; readonly attrs: OpAttrs<K> },
  dy: ValueId,
  context: VjpContext,
) => Partial<Record<string, ValueId>>;

export interface EvaluateContext {
  /** The output's type, and its shape with every extent known. Not for `compact`, which makes one. */
  readonly type: TensorType;
  readonly shape: () => number[];
}

/** A value as kernels see it: its shape at capacity, and whether it is read through a row table. */
export interface Operand {
  readonly type: TensorType;
  /** The shape with every symbol at its capacity: the layout in memory, row-major. */
  readonly shape: StaticShape;
  readonly buffer: BufferRef;
  /** The type of what the buffer holds: the source's for a row view, else the operand's own. */
  readonly stored: TensorType;
  /** Set when this operand is a row view: `shape` is the view's, `buffer` the source's storage. */
  readonly table: BufferRef | null;
}

/** What a lowering may choose by. Never how full a batch is: results must not depend on it. */
export interface AdapterTraits {
  /** Lanes of a subgroup where one-subgroup workgroups with broadcasts are fastest; else null. */
  readonly subgroupLanes: number | null;
  /** Whether to make 3 × 3 convolutions by Winograd's F(4 × 4, 3 × 3): faster, and less exact. */
  readonly winograd?: boolean;
  /** Variants by class of work (variants.ts) that stand above the lowerings' own rules. */
  readonly variants?: Readonly<Record<string, string>>;
}

export interface LowerContext<K extends OpKind> {
  readonly node: NodeOf<K>;
  readonly inputs: InputsAs<K, Operand>;
  readonly output: Operand;
  readonly traits: AdapterTraits;
  readonly extents: Extents;
  /** The data of an input that is constant, if it is. */
  readonly constantOf: (input: string) => Tensor | null;
  /** Storage for an intermediate result of this node. */
  readonly temporary: (type: TensorType) => Operand;
  readonly epilogue: Epilogue | null;
}

/** What kernels that import common/epilogue.wgsl do to each element before they store it. */
export interface Epilogue {
  /** WGSL expression of the element `v` and of the extras, `e0` and `e1`, at its place. */
  readonly expression: string;
  /** Floats of the output's shape; row views among them go through one table. */
  readonly extras: readonly Operand[];
}

export interface OpDef<K extends OpKind> {
  /** The output's type; throws ShapeError naming `label` when the operands do not fit. */
  readonly infer: (inputs: InputsAs<K, TensorType>, attrs: OpAttrs<K>, label: string) => TensorType;
  readonly vjp: VjpRule<K> | 'not differentiable';
  /** The value in plain loops and float64: the meaning that kernels are held to. */
  readonly evaluate: (
    inputs: InputsAs<K, Tensor>,
    attrs: OpAttrs<K>,
    context: EvaluateContext,
  ) => Tensor;
  readonly lower: (context: LowerContext<K>) => KernelCall[];
  /** Inputs whose kernels can read a row view through its table; others are copied first. */
  readonly viewable?: readonly string[];
  /** The input whose storage the output takes over; the executor copies it first if it is still needed. */
  readonly inPlace?: string;
  /** Whether all its kernels take an epilogue, which a following pointwise op may become. */
  readonly hasEpilogue?: boolean;
}

/** A family's part of the registry. */
export type OpFamily<K extends OpKind> = { readonly [Kind in K]: OpDef<Kind> };
