// Movement: ops that put elements elsewhere and compute nothing. Each is a walk over one shape with
// strides of another, so one copy kernel serves them all; reshape is free.
import { InternalError, ShapeError } from '../core/errors.ts';
import {
  elementCount,
  formatShape,
  formatType,
  productOf,
  sameDim,
  stridesOf,
  type Dim,
  type Shape,
  type StaticShape,
} from '../core/shape.ts';
import { allocate, type Tensor } from '../core/tensor.ts';
import type { SliceRange, ValueId } from '../graph/op-set.ts';
import type { Cost } from '../kernels/cost.ts';
import { callKernel, defineKernel, NO_BUFFER, type KernelCall } from '../kernels/kernel.ts';
import { broadcastStrides, IndexParams, indexTerms } from './indexing.ts';
import { costOf, workOverElements } from './lowering.ts';
import type { OpDef, OpFamily, Operand } from './op-def.ts';
import { sumToType } from './pointwise/pointwise.ts';

const copyKernel = defineKernel({
  file: 'movement/copy.wgsl',
  constants: [],
  slots: ['source', 'destination'],
  buffers: ['x', 'source_table', 'target_table', 'y'],
  params: ['unit', 'q'],
});
const fillKernel = defineKernel({
  file: 'movement/fill.wgsl',
  constants: [],
  slots: [],
  buffers: ['y'],
  params: ['unit', 'value'],
});
const WORKGROUP = 64;

/** How a copy reads or writes: strides over the walked shape, and where element 0 lies. */
export interface Placement {
  readonly strides: readonly number[];
  readonly offset?: number;
  /** A row table through which the walk's index along an axis goes. */
  readonly table?: { readonly axis: number; readonly operand: Operand };
}

/** Moves every element of `walk` from `source` of x to `target` of y. */
export function copyCall(
  walk: Operand,
  x: Operand,
  source: Placement,
  y: Operand,
  target: Placement,
): KernelCall {
  const params = new IndexParams();
  const place = (placement: Placement, table: string): string => {
    const terms = indexTerms(walk.shape, placement.strides, placement.table?.axis ?? null);
    return params.expression(terms, table, placement.offset ?? 0);
  };
  const slots = {
    source: place(source, 'source_table'),
    destination: place(target, 'target_table'),
  };
  const work = workOverElements(walk, WORKGROUP);
  return callKernel(copyKernel, {
    slots,
    buffers: {
      x: x.buffer,
      source_table: source.table?.operand.buffer ?? NO_BUFFER,
      target_table: target.table?.operand.buffer ?? NO_BUFFER,
      y: y.buffer,
    },
    params: { unit: work.unit, q: params.values },
    work,
    cost: copyCost(walk, x, [source.table?.operand, target.table?.operand]),
  });
}

function copyCost(walk: Operand, x: Operand, tables: readonly (Operand | undefined)[]): Cost {
  const { shape } = walk.type;
  const lists = tables.flatMap((table) => (table === undefined ? [] : [table.type.shape]));
  return { flops: 0, over: shape, moved: [{ fewerOf: [shape, x.stored.shape] }, shape, ...lists] };
}

function fillCall(y: Operand, value: number): KernelCall {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const work = workOverElements(y, WORKGROUP);
  const pattern = y.type.dtype === 'float32' ? bits : Math.trunc(value) >>> 0;
  return callKernel(fillKernel, {
    buffers: { y: y.buffer },
    params: { unit: work.unit, value: pattern },
    work,
    cost: costOf(0, y, [y]),
  });
}

const natural = (operand: Operand): Placement => ({ strides: stridesOf(operand.shape) });

/** The host's version of a copy. */
function copyElements(
  walk: StaticShape,
  from: ArrayLike<number>,
  source: Placement,
  to: { [index: number]: number },
  target: Placement,
): void {
  const index = new Array<number>(walk.length).fill(0);
  const total = elementCount(walk);
  for (let i = 0; i < total; i++) {
    let rest = i;
    for (let axis = walk.length - 1; axis >= 0; axis--) {
      index[axis] = rest % walk[axis]!;
      rest = Math.floor(rest / walk[axis]!);
    }
    const at = ({ strides, offset = 0 }: Placement): number =>
      index.reduce((sum, k, axis) => sum + k * strides[axis]!, offset);
    to[at(target)] = from[at(source)]!;
  }
}

function movedTensor(x: Tensor, shape: StaticShape, source: Placement): Tensor {
  const data = allocate(x.dtype, elementCount(shape), true);
  copyElements(shape, x.data, source, data, { strides: stridesOf(shape) });
  return { dtype: x.dtype, shape, data };
}

const reshape: OpDef<'reshape'> = {
  infer: ({ x }, { shape }, label) => {
    if (!sameDim(productOf(x.shape), productOf(shape))) {
      throw new ShapeError(
        `reshape "${label}": ${formatShape(shape)} does not hold the elements of ${formatType(x)}`,
      );
    }
    return { dtype: x.dtype, shape };
  },
  vjp: ({ inputs: { x } }, dy, { emit, typeOf }) => ({
    x: emit('reshape', { x: dy }, { shape: typeOf(x).shape }),
  }),
  evaluate: ({ x }, _attrs, { shape }) => ({ ...x, shape: shape() }),
  lower: () => {
    throw new InternalError('reshape is an alias and has no kernel');
  },
};

function permute<T>(values: readonly T[], perm: readonly number[]): T[] {
  return perm.map((axis) => values[axis]!);
}

const transpose: OpDef<'transpose'> = {
  infer: ({ x }, { perm }, label) => {
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== x.shape.length || sorted.some((axis, at) => axis !== at)) {
      throw new ShapeError(
        `transpose "${label}": [${perm.join(', ')}] is no permutation of the axes of ${formatType(x)}`,
      );
    }
    return { dtype: x.dtype, shape: permute(x.shape, perm) };
  },
  vjp: ({ attrs: { perm } }, dy, { emit }) => {
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return { x: emit('transpose', { x: dy }, { perm: inverse }) };
  },
  evaluate: ({ x }, { perm }) =>
    movedTensor(x, permute(x.shape, perm), { strides: permute(stridesOf(x.shape), perm) }),
  lower: ({ node, inputs: { x }, output }) => {
    const strides = permute(stridesOf(x.shape), node.attrs.perm);
    return [copyCall(output, x, { strides }, output, natural(output))];
  },
};

const expand: OpDef<'expand'> = {
  infer: ({ x }, { shape }, label) => {
    const lead = shape.length - x.shape.length;
    const fits =
      lead >= 0 && x.shape.every((dim, i) => dim === 1 || sameDim(dim, shape[i + lead]!));
    if (!fits) {
      throw new ShapeError(
        `expand "${label}": ${formatType(x)} does not broadcast to ${formatShape(shape)}`,
      );
    }
    return { dtype: x.dtype, shape };
  },
  vjp: ({ inputs: { x } }, dy, context) => ({ x: sumToType(context, dy, context.typeOf(x)) }),
  evaluate: ({ x }, _attrs, { shape }) => {
    const to = shape();
    return movedTensor(x, to, { strides: broadcastStrides(x.shape, to) });
  },
  lower: ({ inputs: { x }, output }) => {
    const strides = broadcastStrides(x.shape, output.shape);
    return [copyCall(output, x, { strides }, output, natural(output))];
  },
};

const partsOf = <T>(inputs: Readonly<Record<`x${number}`, T>>): T[] =>
  Array.from({ length: Object.keys(inputs).length }, (_, k) => inputs[`x${k}`]!);

function sumDims(dims: readonly Dim[], label: string): Dim {
  if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((sum, dim) => sum + dim, 0);
  if (dims.length === 1) return dims[0]!;
  throw new ShapeError(`concat "${label}": cannot join along the batch axis`);
}

const concat: OpDef<'concat'> = {
  infer: (inputs, { axis }, label) => {
    const parts = partsOf(inputs);
    const [first] = parts;
    if (first === undefined) throw new ShapeError(`concat "${label}": nothing to join`);
    for (const [k, part] of parts.entries()) {
      const fits =
        part.dtype === first.dtype &&
        part.shape.length === first.shape.length &&
        part.shape.every((dim, at) => at === axis || sameDim(dim, first.shape[at]!));
      if (fits) continue;
      throw new ShapeError(
        `concat "${label}": x${k} does not fit x0 off axis ${axis}\n` +
          `  x0: ${formatType(first)}\n  x${k}: ${formatType(part)}`,
      );
    }
    const joined = sumDims(
      parts.map((part) => part.shape[axis]!),
      label,
    );
    return { dtype: first.dtype, shape: first.shape.with(axis, joined) };
  },
  vjp: ({ inputs, attrs: { axis } }, dy, { emit, typeOf, needs }) => {
    const cotangents: Record<string, ValueId> = {};
    let start = 0;
    for (const [k, id] of partsOf(inputs).entries()) {
      const sizes = typeOf(id).shape;
      const ranges = sizes.map((_, at) => ({ start: at === axis ? start : 0, step: 1 }));
      if (needs(`x${k}`)) cotangents[`x${k}`] = emit('slice', { x: dy }, { ranges, sizes });
      start += sizes[axis] as number;
    }
    return cotangents;
  },
  evaluate: (inputs, { axis }, { type, shape }) => {
    const to = shape();
    const strides = stridesOf(to);
    const data = allocate(type.dtype, elementCount(to), true);
    let start = 0;
    for (const part of partsOf(inputs)) {
      const target = { strides, offset: start * strides[axis]! };
      copyElements(part.shape, part.data, { strides: stridesOf(part.shape) }, data, target);
      start += part.shape[axis]!;
    }
    return { dtype: type.dtype, shape: to, data };
  },
  lower: ({ node, inputs, output }) => {
    const { axis } = node.attrs;
    const strides = stridesOf(output.shape);
    let start = 0;
    return partsOf(inputs).map((part) => {
      const target = { strides, offset: start * strides[axis]! };
      start += part.shape[axis]!;
      return copyCall(part, part, natural(part), output, target);
    });
  },
};

/** Where a slice's elements lie in the tensor it is cut from. */
function slicePlacement(whole: StaticShape, ranges: readonly SliceRange[]): Placement {
  const strides = stridesOf(whole);
  return {
    strides: ranges.map(({ step }, axis) => step * strides[axis]!),
    offset: ranges.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0),
  };
}

function checkRanges(
  kind: string,
  whole: Shape,
  ranges: readonly SliceRange[],
  sizes: Shape,
  label: string,
): void {
  for (const [axis, { start, step }] of ranges.entries()) {
    const size = sizes[axis];
    const total = whole[axis];
    if (size === undefined || total === undefined) break;
    if (typeof size !== 'number' || typeof total !== 'number') {
      if (sameDim(size, total) && start === 0 && step === 1) continue;
      throw new ShapeError(`${kind} "${label}": cannot cut along the batch axis ${axis}`);
    }
    const last = start + (size - 1) * step;
    if (size === 0 || (start >= 0 && start < total && last >= 0 && last < total)) continue;
    throw new ShapeError(
      `${kind} "${label}": axis ${axis} has ${total} elements, the slice asks for ${start} to ${last}`,
    );
  }
}

const slice: OpDef<'slice'> = {
  infer: ({ x }, { ranges, sizes }, label) => {
    checkRanges('slice', x.shape, ranges, sizes, label);
    return { dtype: x.dtype, shape: sizes };
  },
  vjp: ({ inputs: { x }, attrs: { ranges } }, dy, { emit, typeOf }) => ({
    x: emit('unslice', { x: dy }, { ranges, shape: typeOf(x).shape }),
  }),
  evaluate: ({ x }, { ranges }, { shape }) =>
    movedTensor(x, shape(), slicePlacement(x.shape, ranges)),
  lower: ({ node, inputs: { x }, output }) => [
    copyCall(output, x, slicePlacement(x.shape, node.attrs.ranges), output, natural(output)),
  ],
};

const unslice: OpDef<'unslice'> = {
  infer: ({ x }, { ranges, shape }, label) => {
    checkRanges('unslice', shape, ranges, x.shape, label);
    return { dtype: x.dtype, shape };
  },
  vjp: ({ inputs: { x }, attrs: { ranges } }, dy, { emit, typeOf }) => ({
    x: emit('slice', { x: dy }, { ranges, sizes: typeOf(x).shape }),
  }),
  evaluate: ({ x }, { ranges }, { shape }) => {
    const to = shape();
    const data = allocate(x.dtype, elementCount(to), true);
    copyElements(
      x.shape,
      x.data,
      { strides: stridesOf(x.shape) },
      data,
      slicePlacement(to, ranges),
    );
    return { dtype: x.dtype, shape: to, data };
  },
  lower: ({ node, inputs: { x }, output }) => [
    fillCall(output, 0),
    copyCall(x, x, natural(x), output, slicePlacement(output.shape, node.attrs.ranges)),
  ],
};

const pad: OpDef<'pad'> = {
  infer: ({ x }, { before, after }, label) => {
    const shape = x.shape.map((dim, axis) => {
      const extra = before[axis]! + after[axis]!;
      if (extra === 0) return dim;
      if (typeof dim === 'number') return dim + extra;
      throw new ShapeError(`pad "${label}": cannot pad the batch axis ${axis}`);
    });
    if ([...before, ...after].some((count) => count < 0)) {
      throw new ShapeError(`pad "${label}": negative padding is a slice`);
    }
    return { dtype: x.dtype, shape };
  },
  vjp: ({ inputs: { x }, attrs: { before } }, dy, { emit, typeOf }) => {
    const ranges = before.map((start) => ({ start, step: 1 }));
    return { x: emit('slice', { x: dy }, { ranges, sizes: typeOf(x).shape }) };
  },
  evaluate: ({ x }, { before, value }, { shape }) => {
    const to = shape();
    const data = allocate(x.dtype, elementCount(to), true).fill(value);
    const target = slicePlacement(
      to,
      before.map((start) => ({ start, step: 1 })),
    );
    copyElements(x.shape, x.data, { strides: stridesOf(x.shape) }, data, target);
    return { dtype: x.dtype, shape: to, data };
  },
  lower: ({ node, inputs: { x }, output }) => {
    const ranges = node.attrs.before.map((start) => ({ start, step: 1 }));
    return [
      fillCall(output, node.attrs.value),
      copyCall(x, x, natural(x), output, slicePlacement(output.shape, ranges)),
    ];
  },
};

export const movementOps: OpFamily<
  'reshape' | 'transpose' | 'expand' | 'concat' | 'slice' | 'unslice' | 'pad'
> = { reshape, transpose, expand, concat, slice, unslice, pad };
