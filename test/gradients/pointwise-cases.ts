// Random cases of the pointwise ops: every rank up to four, every way to broadcast.
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpKind } from '../../src-ts/graph/op-set.ts';
import type { Draw, Range } from './draw.ts';
import type { OpCase } from './op-case.ts';

export type Generator<K extends OpKind> = (draw: Draw) => OpCase<K>;

/** A tensor of any rank; where it has axes the first is the batch. */
export function unary<K extends OpKind>(
  range: Range = {},
  attrs: (draw: Draw) => OpAttrs<K> = () => ({}) as OpAttrs<K>,
): Generator<K> {
  return (draw) => {
    const shape = draw.sizes(draw.int(0, 4));
    const told = attrs(draw);
    return {
      inputs: { x: draw.floats(shape, range) },
      attrs: () => told,
      batched: shape.length === 0 ? [] : ['x'],
    };
  };
}

/** An op whose kinks lie where it is told to. */
export function unaryAway<K extends OpKind>(
  attrs: (draw: Draw) => OpAttrs<K>,
  kinks: (attrs: OpAttrs<K>) => readonly number[],
): Generator<K> {
  return (draw) => {
    const told = attrs(draw);
    return unary<K>({ away: kinks(told) }, () => told)(draw);
  };
}

export interface Operand {
  readonly shape: readonly number[];
  readonly isBatched: boolean;
}

/** Shapes that broadcast to one: axes missing in front, axes of size 1, the batch's among them. */
export function broadcastOperands(draw: Draw, count: number): Operand[] {
  const whole = draw.sizes(draw.int(0, 4));
  return Array.from({ length: count }, () => {
    const isBatched = whole.length > 0 && draw.flag();
    const missing = isBatched ? 0 : draw.int(0, whole.length);
    const shape = whole.slice(missing).map((size, axis) => {
      if (missing === 0 && axis === 0) return isBatched ? size : 1;
      return draw.int(0, 2) === 0 ? 1 : size;
    });
    return { shape, isBatched };
  });
}

type Fill = (draw: Draw, shape: readonly number[]) => Tensor;
export const within =
  (range: Range): Fill =>
  (draw, shape) =>
    draw.floats(shape, range);

export function binary<K extends OpKind>(
  a: Fill = within({}),
  b: Fill = a,
  wrt?: readonly string[],
): Generator<K> {
  return (draw) => {
    const [left, right] = broadcastOperands(draw, 2) as [Operand, Operand];
    return {
      inputs: { a: a(draw, left.shape), b: b(draw, right.shape) },
      attrs: () => ({}) as OpAttrs<K>,
      batched: [...(left.isBatched ? ['a'] : []), ...(right.isBatched ? ['b'] : [])],
      ...(wrt === undefined ? {} : { wrt }),
    };
  };
}

/** Any base of its own sign: positive ones to any power, negative ones to whole powers, by the base. */
export const power: Generator<'pow'> = (draw) => {
  const positive = binary<'pow'>(within({ min: 0.3, max: 2 }), within({ min: -2, max: 2 }));
  const wholePower: Fill = (from, shape) => {
    const whole = from.integers(shape, -2, 3);
    return floatTensor(shape, whole.data);
  };
  const anySign = within({ away: [0, 0.1, -0.1, 0.2, -0.2] });
  return draw.flag() ? positive(draw) : binary<'pow'>(anySign, wholePower, ['a'])(draw);
};

/** Quotients that are not near whole numbers, for any two elements. */
export function remainder<K extends 'mod' | 'fmod'>(): Generator<K> {
  const moved = (values: Tensor, by: (value: number, i: number) => number): Tensor =>
    floatTensor(values.shape, Array.from(values.data, by));
  const dividend: Fill = (draw, shape) => {
    const whole = draw.integers(shape, -3, 2).data;
    return moved(draw.floats(shape, { min: 0.3, max: 0.7 }), (part, i) => whole[i]! + part);
  };
  const divisor: Fill = (draw, shape) => {
    const sign = draw.flags(shape).data;
    const near = draw.floats(shape, { min: 0.98, max: 1.02 });
    return moved(near, (value, i) => (sign[i] === 0 ? -value : value));
  };
  return binary<K>(dividend, divisor);
}

/** Operands of which no two elements are equal. */
export function extreme<K extends OpKind>(): Generator<K> {
  return (draw) => {
    const [left, right] = broadcastOperands(draw, 2) as [Operand, Operand];
    const [a, b] = draw.distinct(left.shape, right.shape) as [Tensor, Tensor];
    return {
      inputs: { a, b },
      attrs: () => ({}) as OpAttrs<K>,
      batched: [...(left.isBatched ? ['a'] : []), ...(right.isBatched ? ['b'] : [])],
    };
  };
}

export const where: Generator<'where'> = (draw) => {
  const operands = broadcastOperands(draw, 3);
  const [condition, a, b] = operands as [Operand, Operand, Operand];
  const names = ['condition', 'a', 'b'];
  return {
    inputs: {
      condition: draw.flags(condition.shape),
      a: draw.floats(a.shape),
      b: draw.floats(b.shape),
    },
    attrs: () => ({}),
    batched: names.filter((_, k) => operands[k]!.isBatched),
  };
};
