// Rows of a batch chosen by an index table. This is how K cotangents share one forward pass (each
// pair of image and class reads its image's row), how unfooled images are kept and finished ones
// left behind, and how results go back to their slots.
import { InternalError, ShapeError } from '../core/errors.ts';
import {
  batchDim,
  elementCount,
  formatType,
  sameDim,
  sameShape,
  stridesOf,
} from '../core/shape.ts';
import { allocate } from '../core/tensor.ts';
import { callKernel, defineKernel } from '../kernels/kernel.ts';
import { costOf, elementsPerRow, leadingBatch, tableOf, workOverElements } from './lowering.ts';
import { copyCall } from './movement.ts';
import type { OpDef, OpFamily } from './op-def.ts';
import { pointwiseCall } from './pointwise/pointwise.ts';

const compactKernel = defineKernel({
  file: 'batch/compact.wgsl',
  constants: [],
  slots: [],
  buffers: ['values', 'keep', 'y', 'count'],
  params: ['unit'],
});
const takeAlongKernel = defineKernel({
  file: 'batch/take_along.wgsl',
  constants: [],
  slots: ['x_at', 'index_at'],
  buffers: ['x', 'index', 'x_table', 'index_table', 'y'],
  params: ['unit', 'x_row', 'y_row'],
});

const rows: OpDef<'rows'> = {
  infer: ({ x, index }, { axis }, label) => {
    if (index.shape.length !== 1 || axis < 0 || axis >= x.shape.length) {
      throw new ShapeError(
        `rows "${label}": wants an index list and an axis of x, got axis ${axis}\n` +
          `  x: ${formatType(x)}\n  index: ${formatType(index)}`,
      );
    }
    return { dtype: x.dtype, shape: x.shape.with(axis, index.shape[0]!) };
  },
  vjp: 'not differentiable',
  evaluate: ({ x, index }, { axis }) => {
    const shape = x.shape.with(axis, index.data.length);
    const inner = elementCount(x.shape.slice(axis + 1));
    const outer = elementCount(x.shape.slice(0, axis));
    const data = allocate(x.dtype, elementCount(shape), true);
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const row of index.data) {
        const from = (o * x.shape[axis]! + row) * inner;
        for (let i = 0; i < inner; i++) data[at++] = x.data[from + i]!;
      }
    }
    return { dtype: x.dtype, shape, data };
  },
  // Only for readers that cannot look through a table: the executor prefers the view.
  lower: ({ node, inputs: { x, index }, output }) => {
    const { axis } = node.attrs;
    const source = { strides: stridesOf(x.shape), table: { axis, operand: index } };
    return [copyCall(output, x, source, output, { strides: stridesOf(output.shape) })];
  },
};

const updateRows: OpDef<'update_rows'> = {
  infer: ({ x, index, rows: from }, _attrs, label) => {
    const fits =
      index.shape.length === 1 &&
      from.shape.length === x.shape.length &&
      sameDim(from.shape[0]!, index.shape[0]!) &&
      sameShape(from.shape.slice(1), x.shape.slice(1)) &&
      from.dtype === x.dtype;
    if (fits) return x;
    throw new ShapeError(
      `update_rows "${label}": rows must be like those of x, one for each index\n` +
        `  x: ${formatType(x)}\n  index: ${formatType(index)}\n  rows: ${formatType(from)}`,
    );
  },
  vjp: 'not differentiable',
  evaluate: ({ x, index, rows: from }) => {
    const data = x.data.slice();
    const inner = elementsPerRow(x.shape);
    for (const [k, row] of index.data.entries()) {
      for (let i = 0; i < inner; i++) data[row * inner + i] = from.data[k * inner + i]!;
    }
    return { ...x, data };
  },
  // Writes into the storage of x: the executor has copied it first where x is still needed.
  lower: ({ inputs: { index, rows: from }, output }) => {
    const target = { strides: stridesOf(output.shape), table: { axis: 0, operand: index } };
    return [copyCall(from, from, { strides: stridesOf(from.shape) }, output, target)];
  },
  inPlace: 'x',
};

const compact: OpDef<'compact'> = {
  infer: ({ values, keep }, { symbol }, label) => {
    if (values.shape.length === 1 && sameShape(values.shape, keep.shape)) {
      return { dtype: values.dtype, shape: [batchDim(symbol)] };
    }
    throw new ShapeError(
      `compact "${label}": wants a list and a flag for each entry\n` +
        `  values: ${formatType(values)}\n  keep: ${formatType(keep)}`,
    );
  },
  vjp: 'not differentiable',
  evaluate: ({ values, keep }) => {
    const data = values.data.filter((_, i) => keep.data[i] !== 0);
    return { dtype: values.dtype, shape: [data.length], data };
  },
  lower: ({ node, inputs: { values, keep }, output }) => {
    const batch = leadingBatch(values.type.shape);
    const unit = batch?.times ?? values.shape[0]!;
    return [
      callKernel(compactKernel, {
        buffers: {
          values: values.buffer,
          keep: keep.buffer,
          y: output.buffer,
          count: { of: 'extent', symbol: node.attrs.symbol },
        },
        params: { unit },
        work: { unit, batch: batch?.symbol ?? null, perGroup: Infinity },
        cost: costOf(0, output, [values, keep, output]),
      }),
    ];
  },
};

const takeAlong: OpDef<'take_along'> = {
  infer: ({ x, index }, _attrs, label) => {
    const fits =
      x.shape.length === 2 && index.shape.length === 2 && sameDim(x.shape[0]!, index.shape[0]!);
    if (fits) return { dtype: x.dtype, shape: index.shape };
    throw new ShapeError(
      `take_along "${label}": wants two matrices with as many rows\n` +
        `  x: ${formatType(x)}\n  index: ${formatType(index)}`,
    );
  },
  vjp: ({ inputs: { x, index } }, dy, { emit, typeOf }) => {
    const { shape } = typeOf(x);
    const updates = emit('reshape', { x: dy }, { shape: [...typeOf(index).shape, 1] });
    const sums = emit('scatter_add', { updates, index }, { size: shape[1]! });
    return { x: emit('reshape', { x: sums }, { shape }) };
  },
  evaluate: ({ x, index }) => {
    const columns = index.shape[1]!;
    const data = allocate(x.dtype, index.data.length, true);
    for (let i = 0; i < data.length; i++) {
      data[i] = x.data[Math.floor(i / columns) * x.shape[1]! + index.data[i]!]!;
    }
    return { dtype: x.dtype, shape: index.shape, data };
  },
  lower: ({ inputs: { x, index }, output }) => {
    const work = workOverElements(output, 64);
    return [
      callKernel(takeAlongKernel, {
        slots: {
          ...(x.table === null ? {} : { x_at: 'u32(x_table[row])' }),
          ...(index.table === null ? {} : { index_at: 'u32(index_table[row])' }),
        },
        buffers: {
          x: x.buffer,
          index: index.buffer,
          x_table: tableOf(x),
          index_table: tableOf(index),
          y: output.buffer,
        },
        params: { unit: work.unit, x_row: x.shape[1]!, y_row: index.shape[1]! },
        work,
        cost: {
          flops: 0,
          over: output.type.shape,
          moved: [
            { fewerOf: [x.stored.shape, output.type.shape] },
            index.stored.shape,
            output.type.shape,
          ],
        },
      }),
    ];
  },
  viewable: ['x', 'index'],
};

const iota: OpDef<'iota'> = {
  infer: (_inputs, { size }) => ({ dtype: 'int32', shape: [size] }),
  vjp: 'not differentiable',
  evaluate: (_inputs, _attrs, { shape }) => {
    const [size] = shape();
    if (size === undefined) throw new InternalError('iota without a size');
    return { dtype: 'int32', shape: [size], data: Int32Array.from({ length: size }, (_, i) => i) };
  },
  lower: ({ output }) => [pointwiseCall([], output, 'I(i)')],
};

export const batchOps: OpFamily<'rows' | 'update_rows' | 'compact' | 'take_along' | 'iota'> = {
  rows,
  update_rows: updateRows,
  compact,
  take_along: takeAlong,
  iota,
};
