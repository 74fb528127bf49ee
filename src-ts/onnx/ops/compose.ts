// Small steps that composed operators share.
import { elementCount, sameShape, type Dtype, type Shape } from '../../core/shape.ts';
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
  return x.type.dtype === 'float32' ? mul(total, 1 / count, at) : div(total, count, at);
}

export function castTo(x: Value, to: Dtype, at: NodeContext): Value {
  return x.type.dtype === to ? x : at.emit('cast', { x }, { to });
}

/** √x with the gradient 0 at 0, where a norm has none: as PyTorch chooses among its subgradients. */
export function rootOfSum(x: Value, at: NodeContext): Value {
  const isZero = at.emit('equal', { a: x, b: at.number(0) }, {});
  const held = at.emit('where', { condition: isZero, a: at.number(1), b: x }, {});
  const root = at.emit('sqrt', { x: held }, {});
  return at.emit('where', { condition: isZero, a: at.number(0), b: root }, {});
}

/** Applies `apply` with `axis` moved to the end; its result has as many axes, and they move back. */
export function alongLast(
  x: Value,
  axis: number,
  at: NodeContext,
  apply: (x: Value) => readonly Value[],
): readonly Value[] {
  const rank = x.type.shape.length;
  if (axis === rank - 1) return apply(x);
  const others = axesFrom(0, rank).filter((other) => other !== axis);
  const there = [...others, axis];
  const back = axesFrom(0, rank).map((place) => there.indexOf(place));
  const made = apply(at.emit('transpose', { x }, { perm: there }));
  return made.map((value) => at.emit('transpose', { x: value }, { perm: back }));
}

/** 0, 1, … as a constant along one axis, `behind` axes of size 1 after it. */
export function places(count: number, behind: number, at: NodeContext, dtype: Dtype): Value {
  const shape = [count, ...new Array<number>(behind).fill(1)];
  const value = at.filled(shape, 0, dtype);
  const { data } = at.tensorOf(value, 'places');
  for (let i = 0; i < count; i++) data[i] = i;
  return value;
}

/** A reshape whose target is already resolved; nothing when it changes nothing. */
export function reshapeTo(x: Value, shape: Shape, at: NodeContext): Value {
  return sameShape(x.type.shape, shape) ? x : at.emit('reshape', { x }, { shape });
}

/** Axes 0, 1, … of a range. */
export function axesFrom(first: number, rank: number): number[] {
  return Array.from({ length: Math.max(0, rank - first) }, (_, i) => first + i);
}
