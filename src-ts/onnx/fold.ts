// Values of nodes whose operands are all known, computed now by the op's own plain loops and rounded to
// float32 as a runtime would.
import { elementCount, isStatic, type TensorType } from '../core/shape.ts';
import { tensor, type Tensor } from '../core/tensor.ts';
import type { OpAttrs, OpKind } from '../graph/op-set.ts';
import { opDef } from '../ops/builder.ts';
import type { InputsAs } from '../ops/op-def.ts';

/** Elements that one folded value may have: the largest layer of VGG is 103 million. */
const MAX_FOLDED_ELEMENTS = 2 ** 27;

/** Kinds whose value costs far more than its size; a node is cheaper than folding them. */
const COSTLY: ReadonlySet<OpKind> = new Set<OpKind>(['conv', 'matmul', 'max_pool', 'avg_pool']);
const MAX_COST = 2 ** 28;

/** What one import may hold in folded values, so that many large ones do not add up to all memory. */
export class FoldBudget {
  #left = 2 ** 28;

  /** Whether so many elements more may be held; if so, they are counted. */
  spend(count: number): boolean {
    if (count > MAX_FOLDED_ELEMENTS || count > this.#left) return false;
    this.#left -= count;
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
  if (COSTLY.has(kind) && count * largest(inputs) > MAX_COST) return null;
  if (!budget.spend(count)) return null;
  const value = opDef(kind).evaluate(inputs, attrs, { type, shape: () => [...shape] });
  return rounded(value, type);
}

const largest = (inputs: object): number =>
  Math.max(1, ...Object.values(inputs).map((tensor: Tensor) => tensor.data.length));

function rounded(value: Tensor, { dtype }: TensorType): Tensor {
  if (dtype === 'float32' && !(value.data instanceof Float32Array)) {
    return tensor(dtype, value.shape, Float32Array.from(value.data));
  }
  return { ...value, dtype };
}
