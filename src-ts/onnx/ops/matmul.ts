// Matrix products.
import { broadcastShapes, sameShape, type Shape } from '../../core/shape.ts';
import { defineRule } from '../rule.ts';
import type { NodeContext } from '../node-context.ts';
import type { Value } from '../value.ts';
import { mul } from './compose.ts';
import { mergedDim } from './picking.ts';

export const Gemm = defineRule(
  ['A', 'B', 'C?'],
  { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
  ({ A, B, C }, { alpha = 1, beta = 1, transA = 0, transB = 0 }, at) => {
    if (A.type.shape.length !== 2 || B.type.shape.length !== 2) {
      at.fail(`its operands have ${A.type.shape.length} and ${B.type.shape.length} dimensions`);
    }
    const attrs = { transposeA: transA !== 0, transposeB: transB !== 0 };
    const b = mul(B, alpha, at); // usually a constant, so the factor costs nothing
    const product = at.emit('matmul', { a: A, b }, attrs);
    if (C === undefined || beta === 0) return product;
    return at.emit('add', { a: product, b: mul(C, beta, at) }, {});
  },
);

export const MatMul = defineRule(['A', 'B'], {}, ({ A, B }, _, at) => matrixProduct(A, B, at));

/** The product of stacks of matrices; a vector is a row on the left, a column on the right. */
export function matrixProduct(A: Value, B: Value, at: NodeContext): Value {
  const [a, b] = [A.type.shape, B.type.shape];
  if (a.length === 0 || b.length === 0) at.fail('an operand has no dimensions');
  const left = a.length === 1 ? reshaped(A, [1, ...a], at) : A;
  const right = b.length === 1 ? reshaped(B, [...b, 1], at) : B;
  const product = stackedProduct(left, right, at);
  const { shape } = product.type;
  // NumPy's rule: the dimension a vector was given for the product goes again.
  const kept = shape.filter(
    (_dim, axis) =>
      !(a.length === 1 && axis === shape.length - 2) &&
      !(b.length === 1 && axis === shape.length - 1),
  );
  return reshaped(product, kept, at);
}

const KERNEL_AXES = 4; // of a stack, that the kernels take apart

function stackedProduct(a: Value, b: Value, at: NodeContext): Value {
  const plain = { transposeA: false, transposeB: false };
  const stack = broadcastShapes(a.type.shape.slice(0, -2), b.type.shape.slice(0, -2));
  if (stack === null || stack.length <= KERNEL_AXES) return at.emit('matmul', { a, b }, plain);
  const merged = (x: Value): Value => {
    const matrix = x.type.shape.slice(-2);
    const wide = [...stack, ...matrix];
    const whole = sameShape(wide, x.type.shape) ? x : at.emit('expand', { x }, { shape: wide });
    return reshaped(whole, [mergedDim(stack, at), ...matrix], at);
  };
  const product = at.emit('matmul', { a: merged(a), b: merged(b) }, plain);
  return reshaped(product, [...stack, ...product.type.shape.slice(-2)], at);
}

function reshaped(value: Value, shape: Shape, at: NodeContext): Value {
  if (value.type.shape.length === shape.length) return value;
  return at.emit('reshape', { x: value }, { shape });
}
