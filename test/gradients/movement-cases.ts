// Random cases of ops that move elements, or choose them by an index.
import type { Dim } from '../../src-ts/core/shape.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { SliceRange } from '../../src-ts/graph/op-set.ts';
import type { Draw } from './draw.ts';
import type { Generator } from './pointwise-cases.ts';

const times = (rows: Dim, count: number): Dim =>
  typeof rows === 'number' ? rows * count : { ...rows, times: rows.times * count };

/** Axes joined, split and taken into the batch. */
export const reshape: Generator<'reshape'> = (draw) => {
  const [images, a, b, c] = draw.sizes(4) as [number, number, number, number];
  const to: ((rows: Dim) => Dim[])[] = [
    (rows) => [rows, a * b * c],
    (rows) => [rows, a * b, 1, c],
    (rows) => [rows, c, b, a],
    (rows) => [times(rows, a), b, c],
    (rows) => [times(rows, a * b * c)],
    (rows) => [1, rows, a, b * c],
  ];
  const shape = draw.pick(to);
  return {
    inputs: { x: draw.floats([images, a, b, c]) },
    attrs: (rows) => ({ shape: shape(rows) }),
    batched: ['x'],
  };
};

export const transpose: Generator<'transpose'> = (draw) => {
  const shape = draw.sizes(draw.int(1, 4));
  const perm = draw.permutation(shape.length);
  return { inputs: { x: draw.floats(shape) }, attrs: () => ({ perm }), batched: ['x'] };
};

/** Axes of size 1 made wide, and new ones in front. */
export const expand: Generator<'expand'> = (draw) => {
  const shape = draw
    .sizes(draw.int(1, 3))
    .map((size, axis) => (axis > 0 && draw.flag() ? 1 : size));
  const isBatched = draw.flag();
  const wide = shape.slice(1).map((size) => (size === 1 ? draw.int(1, 3) : size));
  const front = draw.sizes(draw.int(0, 4 - shape.length));
  const first = isBatched || shape[0] !== 1 ? shape[0]! : draw.int(1, 3);
  return {
    inputs: { x: draw.floats(shape) },
    attrs: (rows) => ({ shape: [...front, isBatched ? rows : first, ...wide] }),
    batched: isBatched ? ['x'] : [],
  };
};

export const concat: Generator<'concat'> = (draw) => {
  const shape = draw.sizes(draw.int(1, 4));
  const axis = draw.int(0, shape.length - 1);
  const parts = Array.from({ length: draw.int(1, 3) }, (_, k): [`x${number}`, Tensor] => [
    `x${k}`,
    draw.floats(shape.with(axis, draw.int(1, 3))),
  ]);
  return {
    inputs: Object.fromEntries(parts),
    attrs: () => ({ axis }),
    batched: axis === 0 ? [] : parts.map(([name]) => name),
  };
};

interface Cut {
  readonly whole: number[];
  readonly sizes: number[];
  readonly ranges: SliceRange[];
  /** The first axis is taken whole, as a batch must be. */
  readonly isBatched: boolean;
}

/** Part of each axis, in steps forward or backward. */
function cut(draw: Draw): Cut {
  const sizes = draw.sizes(draw.int(1, 4));
  const isBatched = draw.flag();
  const axes = sizes.map((size, axis) => {
    if (isBatched && axis === 0) return { total: size, range: { start: 0, step: 1 } };
    const step = draw.pick([1, 2, 3, -1, -2]);
    const reach = (size - 1) * Math.abs(step);
    const [before, after] = [draw.int(0, 2), draw.int(0, 2)];
    const start = step > 0 ? before : before + reach;
    return { total: before + reach + 1 + after, range: { start, step } };
  });
  return {
    whole: axes.map(({ total }) => total),
    sizes,
    ranges: axes.map(({ range }) => range),
    isBatched,
  };
}

const withRows = (shape: number[], isBatched: boolean, rows: Dim): Dim[] =>
  isBatched ? [rows, ...shape.slice(1)] : shape;

export const slice: Generator<'slice'> = (draw) => {
  const { whole, sizes, ranges, isBatched } = cut(draw);
  return {
    inputs: { x: draw.floats(whole) },
    attrs: (rows) => ({ ranges, sizes: withRows(sizes, isBatched, rows) }),
    batched: isBatched ? ['x'] : [],
  };
};

export const unslice: Generator<'unslice'> = (draw) => {
  const { whole, sizes, ranges, isBatched } = cut(draw);
  return {
    inputs: { x: draw.floats(sizes) },
    attrs: (rows) => ({ ranges, shape: withRows(whole, isBatched, rows) }),
    batched: isBatched ? ['x'] : [],
  };
};

export const pad: Generator<'pad'> = (draw) => {
  const shape = draw.sizes(draw.int(1, 4));
  const isBatched = draw.flag();
  const counts = (): number[] =>
    shape.map((_, axis) => (isBatched && axis === 0 ? 0 : draw.int(0, 2)));
  const attrs = { before: counts(), after: counts(), value: draw.pick([0, 1, -2.5]) };
  return { inputs: { x: draw.floats(shape) }, attrs: () => attrs, batched: isBatched ? ['x'] : [] };
};

interface Lists {
  readonly lists: number;
  readonly places: number;
  readonly picks: number;
  readonly inner: number;
  readonly index: Tensor;
  /** Each list has picks of its own. */
  readonly isOwn: boolean;
}

/** Picks that repeat places and miss others, shared by all lists or not. */
function lists(draw: Draw): Lists {
  const [count, places, picks, inner] = draw.ints(4, 1, 4) as [number, number, number, number];
  const isOwn = draw.flag();
  const index = draw.integers([isOwn ? count : 1, picks], 0, places - 1);
  return { lists: count, places, picks, inner, index: asEither(draw, index), isOwn };
}

const asEither = (draw: Draw, { shape, data }: Tensor): Tensor =>
  draw.flag() ? tensor('int32', shape, data) : tensor('int64', shape, Float64Array.from(data));

export const gather: Generator<'gather'> = (draw) => {
  const { lists: count, places, inner, index, isOwn } = lists(draw);
  return {
    inputs: { x: draw.floats([count, places, inner]), index },
    attrs: () => ({}),
    batched: isOwn ? ['x', 'index'] : ['x'],
  };
};

export const scatterAdd: Generator<'scatter_add'> = (draw) => {
  const { lists: count, places, picks, inner, index, isOwn } = lists(draw);
  return {
    inputs: { updates: draw.floats([count, picks, inner]), index },
    attrs: () => ({ size: places }),
    batched: isOwn ? ['updates', 'index'] : ['updates'],
  };
};

export const scatter: Generator<'scatter'> = (draw) => {
  const { lists: count, places, picks, inner, index, isOwn } = lists(draw);
  const reduction = draw.pick(['none', 'mul', 'max', 'min'] as const);
  const shapes = [
    [count, places, inner],
    [count, picks, inner],
  ];
  const [x, updates] =
    reduction === 'mul'
      ? shapes.map((shape) => draw.floats(shape, { away: [0, 0.1, -0.1, 0.2, -0.2] }))
      : draw.distinct(...shapes);
  return {
    inputs: { x: x!, index, updates: updates! },
    attrs: () => ({ reduction }),
    batched: isOwn ? ['x', 'index', 'updates'] : ['x', 'updates'],
  };
};

export const takeAlong: Generator<'take_along'> = (draw) => {
  const [images, columns, picks] = draw.ints(3, 1, 4) as [number, number, number];
  return {
    inputs: {
      x: draw.floats([images, columns]),
      index: asEither(draw, draw.integers([images, picks], 0, columns - 1)),
    },
    attrs: () => ({}),
    batched: ['x', 'index'],
  };
};
