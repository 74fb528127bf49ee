// Values of nodes whose operands are all known, computed now by the op's own plain loops and rounded to
// float32 as a runtime would. What is large stays a node: the device computes it once, far faster.
import { elementCount, isStatic, type Dtype, type TensorType } from '../core/shape.ts';
import { tensor, type Tensor } from '../core/tensor.ts';
import type { OpAttrs, OpKind } from '../graph/op-set.ts';
import { opDef } from '../ops/builder.ts';
import type { InputsAs } from '../ops/op-def.ts';

/** Bytes that one folded value may have: the largest layer of VGG is 103 million floats. */
const MAX_VALUE_BYTES = 2 ** 29;

/** Elements that plain loops read or write in about a twentieth of a microsecond each. */
const ELEMENT_WORK = 4;

/** What one import may hold in folded values and do for them, so that many do not add up to all there is. */
export class FoldBudget {
  #bytes = 2 ** 30;
  #work = 2 ** 26;

  /** Whether a value of so many elements may be held; if so, it is counted. */
  spend(count: number, dtype: Dtype = 'float32'): boolean {
    const bytes = count * (dtype === 'int64' ? 8 : 4);
    if (bytes > MAX_VALUE_BYTES || bytes > this.#bytes) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Whether so many elements may be looked at one by one; if so, they are counted. */
  look(count: number): boolean {
    return this.work(ELEMENT_WORK * count);
  }

  /** Whether so many steps of plain loops may be taken; if so, they are counted. */
  work(steps: number): boolean {
    if (steps > this.#work) return false;
    this.#work -= steps;
    return true;
  }
}

/** The value of a node with constant operands, or null when it had better be computed at run time. */
export function foldNode<K extends OpKind>(
  kind: K,
  inputs: InputsAs<K, Tensor>,
  attrs: OpAttrs<K>,
  type: TensorType,
  budget: FoldBudget,
): Tensor | null {
  const { shape } = type;
  if (!isStatic(shape)) return null;
  const count = elementCount(shape);
  const operands = Object.values(inputs as Record<string, Tensor>);
  if (!budget.work(stepsOf(kind, operands, attrs, count))) return null;
  if (!budget.spend(count, type.dtype)) return null;
  const value = opDef(kind).evaluate(inputs, attrs, { type, shape: () => [...shape] });
  return rounded(value, type);
}

/** Steps of an op's plain loops: some look at many elements for each that they make. */
function stepsOf(kind: OpKind, operands: readonly Tensor[], attrs: object, count: number): number {
  const read = operands.reduce((sum, { data }) => sum + data.length, 0);
  const touched = ELEMENT_WORK * (read + count);
  const [a = 1, b = 1] = operands.map(({ data }) => data.length);
  if (kind === 'matmul') return touched + Math.sqrt(count * a * b); // M·N·K, of MN, MK and KN
  if (kind === 'conv') return touched + count * b;
  if ('kernel' in attrs) return touched + count * elementCount(attrs.kernel as number[]);
  if ('before' in attrs && typeof attrs.before === 'number') {
    const { before, after } = attrs as OpAttrs<'window_sum'>; // a running sum reaches over the whole axis
    return touched + count * (before + after + 1);
  }
  return touched;
}

function rounded(value: Tensor, { dtype }: TensorType): Tensor {
  if (dtype === 'float32' && !(value.data instanceof Float32Array)) {
    return tensor(dtype, value.shape, Float32Array.from(value.data));
  }
  return { ...value, dtype };
}
