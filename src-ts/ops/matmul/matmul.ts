// Matrix products over the last two axes; leading axes are a batch and broadcast as in NumPy. Either
// operand may be read transposed, which costs nothing: kernels take strides. So the gradient rules
// need no transpositions.
import {
  broadcastShapes,
  elementCount,
  formatDim,
  sameDim,
  stridesOf,
  type Dim,
  type StaticShape,
  type TensorType,
} from '../../core/shape.ts';
import { allocate, tensor, type Tensor } from '../../core/tensor.ts';
import type { OpAttrs, OpInputs, ValueId } from '../../graph/op-set.ts';
import { lowerMatmul } from './lowering.ts';
import { batchStrides, matrixStrides } from './strides.ts';
import type { Emit, OpDef, OpFamily } from '../op-def.ts';
import { sumToType } from '../pointwise/pointwise.ts';
import { refuse, requireFloat } from '../refusal.ts';

/** Rows, then columns, of an operand as the product reads it. */
function matrixDims({ shape }: TensorType, transposed: boolean): readonly [Dim, Dim] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

const matmul: OpDef<'matmul'> = {
  infer: (inputs, { transposeA, transposeB }, label) => {
    const { a, b } = inputs;
    const operands = { a, b };
    requireFloat('matmul', label, operands);
    for (const [name, { shape }] of Object.entries(operands)) {
      if (shape.length >= 2) continue;
      refuse(
        'matmul',
        label,
        `${name} must have rank 2 or more, but has ${shape.length}`,
        operands,
      );
    }
    const [rows, depthA] = matrixDims(a, transposeA);
    const [depthB, columns] = matrixDims(b, transposeB);
    if (!sameDim(depthA, depthB)) {
      const reason = `a has rows of ${formatDim(depthA)} but b has columns of ${formatDim(depthB)}`;
      refuse('matmul', label, reason, operands);
    }
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (batch === null) refuse('matmul', label, 'the leading axes do not broadcast', operands);
    return { dtype: 'float32', shape: [...batch, rows, columns] };
  },
  vjp: ({ inputs, attrs }, dy, context) => {
    const { emit, typeOf, needs } = context;
    const grad = (name: 'a' | 'b', product: typeof gradA): ValueId =>
      sumToType(context, product(inputs, attrs, dy, emit), typeOf(inputs[name]));
    return {
      ...(needs('a') && { a: grad('a', gradA) }),
      ...(needs('b') && { b: grad('b', gradB) }),
    };
  },
  evaluate: ({ a, b }, attrs, { shape }) => evaluateMatmul(a, b, attrs, shape()),
  lower: lowerMatmul,
  viewable: ['a', 'b'],
  hasEpilogue: true,
};

type Gradient = (
  inputs: OpInputs<'matmul'>,
  attrs: OpAttrs<'matmul'>,
  dy: ValueId,
  emit: Emit,
) => ValueId;

/** dA = dY Bᵀ, or its transpose B dYᵀ where A is read transposed. */
const gradA: Gradient = ({ b }, { transposeA, transposeB }, dy, emit) =>
  transposeA
    ? emit('matmul', { a: b, b: dy }, { transposeA: transposeB, transposeB: true })
    : emit('matmul', { a: dy, b }, { transposeA: false, transposeB: !transposeB });

/** dB = Aᵀ dY, or its transpose dYᵀ A where B is read transposed. */
const gradB: Gradient = ({ a }, { transposeA, transposeB }, dy, emit) =>
  transposeB
    ? emit('matmul', { a: dy, b: a }, { transposeA: true, transposeB: transposeA })
    : emit('matmul', { a, b: dy }, { transposeA: !transposeA, transposeB: false });

function evaluateMatmul(
  a: Tensor,
  b: Tensor,
  { transposeA, transposeB }: OpAttrs<'matmul'>,
  shape: StaticShape,
): Tensor {
  const batch = shape.slice(0, -2);
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const depth = a.shape.at(transposeA ? -2 : -1)!;
  const [aRow, aDepth] = matrixStrides(a.shape, transposeA);
  const [bDepth, bColumn] = matrixStrides(b.shape, transposeB);
  const [aStarts, bStarts] = [matrixStarts(a.shape, batch), matrixStarts(b.shape, batch)];
  const y = allocate('float32', elementCount(shape), true);
  let at = 0;
  for (let m = 0; m < aStarts.length; m++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        let i = aStarts[m]! + row * aRow;
        let j = bStarts[m]! + column * bColumn;
        for (let k = 0; k < depth; k++, i += aDepth, j += bDepth) sum += a.data[i]! * b.data[j]!;
        y[at++] = sum;
      }
    }
  }
  return tensor('float32', shape, y);
}

/** Where each matrix of the broadcast batch begins in an operand. */
function matrixStarts(shape: StaticShape, batch: StaticShape): number[] {
  const strides = batchStrides(shape, batch);
  const places = stridesOf(batch);
  return Array.from({ length: elementCount(batch) }, (_, matrix) =>
    batch.reduce((start, size, axis) => {
      return start + (Math.floor(matrix / places[axis]!) % size) * strides[axis]!;
    }, 0),
  );
}

export const matmulOps: OpFamily<'matmul'> = { matmul };
