// Small steps that composed operators share.
import { elementCount, sameShape, type Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import type { Value } from '../value.ts';

type Operand = Value | number;

function operand(value: Operand, like: Operand, at: NodeContext): Value {
  if (typeof value !== 'number') return value;
  return at.number(value, typeof like === 'number' ? 'float32' : like.type.dtype);
}

export function add(a: Operand, b: Operand, at: NodeContext): Value {
  if (b === 0 && typeof a !== 'number') return a;
  return at.emit('add', { a: operand(a, b, at), b: operand(b, a, at) }, {});
}

export function sub(a: Operand, b: Operand, at: NodeContext): Value {
  return at.emit('sub', { a: operand(a, b, at), b: operand(b, a, at) }, {});
}

export function mul(a: Operand, b: Operand, at: NodeContext): Value {
  if (b === 1 && typeof a !== 'number') return a;
  return at.emit('mul', { a: operand(a, b, at), b: operand(b, a, at) }, {});
}

export function div(a: Operand, b: Operand, at: NodeContext): Value {
  return at.emit('div', { a: operand(a, b, at), b: operand(b, a, at) }, {});
}

/** The sum over axes, which stay with size 1. */
export function sum(x: Value, axes: readonly number[], at: NodeContext): Value {
  return axes.length === 0 ? x : at.emit('reduce_sum', { x }, { axes });
}

/** The mean over axes of fixed size, which stay with size 1. */
export function mean(x: Value, axes: readonly number[], at: NodeContext): Value {
  const total = sum(x, axes, at);
  const count = elementCount(axes.map((axis) => at.staticDim(x.type.shape, axis)));
  return mul(total, 1 / count, at);
}

/** A reshape whose target is already resolved; nothing when it changes nothing. */
export function reshapeTo(x: Value, shape: Shape, at: NodeContext): Value {
  return sameShape(x.type.shape, shape) ? x : at.emit('reshape', { x }, { shape });
}

/** Axes 0, 1, … of a range. */
export function axesFrom(first: number, rank: number): number[] {
  return Array.from({ length: Math.max(0, rank - first) }, (_, i) => first + i);
}
