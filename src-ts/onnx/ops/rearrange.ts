// Rearrangements by attribute or by values known now: blocks of pixels, triangles, masks.
import { elementCount, findBatch, type Dim } from '../../core/shape.ts';
import { allocate, intTensor, tensor } from '../../core/tensor.ts';
import type { NodeContext } from '../node-context.ts';
import { dtypeOf, elementTypeName } from '../proto/element-types.ts';
import { defineRule } from '../rule.ts';
import { constantValue, type Value } from '../value.ts';
import { axesFrom, reshapeTo } from './compose.ts';
import { inverseOf, mergedDim, permuted, pickAlong } from './picking.ts';

/** Batch, channels, height and width of [N, C, H, W], the sizes as numbers. */
function planesOf(x: Value, at: NodeContext): readonly [Dim, number, number, number] {
  const { shape } = x.type;
  if (shape.length !== 4) at.fail(`its input has ${shape.length} dimensions, not 4`);
  const [batch] = shape;
  return [batch!, at.staticDim(shape, 1), at.staticDim(shape, 2), at.staticDim(shape, 3)];
}

/** Channels to blocks of pixels: the block's place comes first in the channels (DCR) or last (CRD). */
export const DepthToSpace = defineRule(
  ['input'],
  { blocksize: 'int', mode: 'string' },
  ({ input }, { blocksize: b, mode = 'DCR' }, at) => {
    const [batch, channels, height, width] = planesOf(input, at);
    if (b === undefined || b < 1 || channels % (b * b) !== 0) {
      return at.fail(`blocks of ${b} × ${b} from ${channels} channels`);
    }
    if (mode !== 'DCR' && mode !== 'CRD') return at.fail(`mode "${mode}"`);
    const depth = channels / (b * b);
    const split = mode === 'DCR' ? [b, b, depth] : [depth, b, b];
    const perm = mode === 'DCR' ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
    const x = reshapeTo(input, [batch, ...split, height, width], at);
    const moved = at.emit('transpose', { x }, { perm });
    return reshapeTo(moved, [batch, depth, height * b, width * b], at);
  },
);

export const SpaceToDepth = defineRule(
  ['input'],
  { blocksize: 'int' },
  ({ input }, { blocksize: b }, at) => {
    const [batch, channels, height, width] = planesOf(input, at);
    if (b === undefined || b < 1 || height % b !== 0 || width % b !== 0) {
      return at.fail(`blocks of ${b} × ${b} in ${height} × ${width}`);
    }
    const x = reshapeTo(input, [batch, channels, height / b, b, width / b, b], at);
    const moved = at.emit('transpose', { x }, { perm: [0, 3, 5, 1, 2, 4] });
    return reshapeTo(moved, [batch, channels * b * b, height / b, width / b], at);
  },
);

/** A constant of 0 and 1 for every place of a matrix. */
function matrixOf(
  [rows, columns]: readonly [number, number],
  dtype: 'bool' | 'int32',
  chosen: (row: number, column: number) => boolean,
  at: NodeContext,
): Value {
  at.reserve([rows, columns]);
  const data = allocate(dtype, rows * columns);
  for (let i = 0; i < data.length; i++) {
    data[i] = Number(chosen(Math.floor(i / columns), i % columns));
  }
  return constantValue(tensor(dtype, [rows, columns], data));
}

/** The triangle above (or below) the k-th diagonal of matrices, zeros elsewhere. */
export const Trilu = defineRule(
  ['input', 'k?'],
  { upper: 'int' },
  ({ input, k }, { upper = 1 }, at) => {
    const { shape, dtype } = input.type;
    if (shape.length < 2) return at.fail(`its input has ${shape.length} dimensions`);
    const [diagonal = 0] = k === undefined ? [] : at.numbers(k, 'k');
    const sizes = [
      at.staticDim(shape, shape.length - 2),
      at.staticDim(shape, shape.length - 1),
    ] as const;
    const kept = matrixOf(
      sizes,
      'bool',
      (row, column) => (upper === 0 ? column - row <= diagonal : column - row >= diagonal),
      at,
    );
    if (sizes.includes(0)) return input;
    return at.emit('where', { condition: kept, a: input, b: at.number(0, dtype) }, {});
  },
);

export const EyeLike = defineRule(
  ['input'],
  { dtype: 'int', k: 'int' },
  ({ input }, { dtype, k = 0 }, at) => {
    const sizes = at.staticShape(input, 'input');
    if (sizes.length !== 2) at.fail(`its input has ${sizes.length} dimensions, not 2`);
    const to = dtype === undefined ? input.type.dtype : dtypeOf(dtype);
    if (to === null) return at.refuse(`of ${elementTypeName(dtype ?? null)}`);
    const ones = matrixOf([sizes[0]!, sizes[1]!], 'int32', (row, column) => column - row === k, at);
    return to === 'int32' ? ones : at.emit('cast', { x: ones }, { to });
  },
);

/** The entries of an axis (of all elements, without one) whose condition holds. */
export const Compress = defineRule(
  ['input', 'condition'],
  { axis: 'int' },
  ({ input, condition }, { axis }, at) => {
    const flags = at.numbers(condition, 'condition');
    const { shape } = input.type;
    const picked = flags.flatMap((flag, i) => (flag === 0 ? [] : [i]));
    if (axis !== undefined) return pickAlong(input, at.axis(axis, shape.length), picked, at);
    if (findBatch(shape) !== null) return at.refuse('it picks among the images of a batch');
    return pickAlong(reshapeTo(input, [mergedDim(shape, at)], at), 0, picked, at);
  },
);

/** Coordinates of what is not zero, one row for each axis. */
export const NonZero = defineRule(['X'], {}, ({ X }, _, at) => {
  const { shape, data } = at.tensorOf(X, 'input');
  const found = Array.from(data.keys()).filter((i) => data[i] !== 0);
  const rows = shape.map((size, axis) => {
    const stride = elementCount(shape.slice(axis + 1));
    return found.map((i) => Math.floor(i / stride) % size);
  });
  return constantValue(
    tensor('int64', [shape.length, found.length], Float64Array.from(rows.flat())),
  );
});

/** Turns round the first elements of each sequence: as many as its length says. */
export const ReverseSequence = defineRule(
  ['input', 'sequence_lens'],
  { batch_axis: 'int', time_axis: 'int' },
  ({ input, sequence_lens }, { batch_axis = 1, time_axis = 0 }, at) => {
    const { shape } = input.type;
    const [list, step] = [at.axis(batch_axis, shape.length), at.axis(time_axis, shape.length)];
    if (list === step) at.fail(`axis ${list} is both its batch and its time`);
    const others = axesFrom(0, shape.length).filter((a) => a !== list && a !== step);
    const order = [list, step, ...others];
    const lengths = at.numbers(sequence_lens, 'lengths');
    const [lists, time] = [shape[list]!, at.staticDim(shape, step)];
    if (typeof lists !== 'number' ? lengths.length !== 1 : lengths.length !== lists) {
      at.refuse(`${lengths.length} lengths for a batch`);
    }
    if (lengths.some((length) => !(length >= 0 && length <= time))) {
      at.fail(`a length is not within 0 … ${time}`);
    }
    at.reserve([lengths.length, time], 'int32');
    const index = lengths.flatMap((length) =>
      Array.from({ length: time }, (_, t) => (t < length ? length - 1 - t : t)),
    );
    const inner = others.map((axis) => shape[axis]!);
    const x = reshapeTo(permuted(input, order, at), [lists, time, mergedDim(inner, at)], at);
    const picks = constantValue(intTensor([lengths.length, time], index));
    const turned = at.emit('gather', { x, index: picks }, {});
    return permuted(reshapeTo(turned, [lists, time, ...inner], at), inverseOf(order), at);
  },
);
