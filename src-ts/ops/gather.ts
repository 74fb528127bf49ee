// Elements chosen by an index, and their transposes. x is [B, S, I]: B lists, S places in each, I
// numbers at each place. index is [B, K], or [1, K] when all lists share it. ONNX's gathers and scatters
// come down to these by moving axes.
//
// Sums into places have no atomic to rest on, and an order that is the same in every run: each place
// walks the updates meant for it, first to last, along a chain made from the index beforehand. For a
// constant index the executor makes the chain once. An index outside 0 … S − 1 reads the nearest place
// and writes nothing.
import { elementCount, sameDim, type Dim, type Shape, type TensorType } from '../core/shape.ts';
import { allocate, scalar, tensor, type Tensor } from '../core/tensor.ts';
import type { OpKind, ScatterReduction, ValueId } from '../graph/op-set.ts';
import { callKernel, defineKernel, NO_BUFFER, type KernelCall } from '../kernels/kernel.ts';
import { costOf, workOverElements, workOverRows } from './lowering.ts';
import type { LowerContext, OpDef, OpFamily, Operand, VjpContext } from './op-def.ts';
import { refuse } from './refusal.ts';

const gatherKernel = defineKernel({
  file: 'gather/gather.wgsl',
  constants: [],
  slots: [],
  buffers: ['x', 'index', 'y'],
  params: ['unit', 'places', 'picks', 'inner', 'indexRow'],
});
const chainKernel = defineKernel({
  file: 'gather/chain.wgsl',
  constants: ['OVER_BATCH'],
  slots: [],
  buffers: ['index', 'head', 'next'],
  params: ['unit', 'places', 'picks', 'livePicks'],
});
const scatterKernel = defineKernel({
  file: 'gather/scatter.wgsl',
  constants: [],
  slots: ['initial', 'combine'],
  buffers: ['x', 'updates', 'head', 'next', 'y'],
  params: ['unit', 'places', 'picks', 'inner', 'headRow', 'nextRow'],
});
const WORKGROUP = 64;

type Operands = Readonly<Record<string, TensorType | undefined>>;

/** Refuses anything but [B, S, I] with an integer index of [B, K] or [1, K]. */
function requireLists(kind: OpKind, label: string, operands: Operands, lists: string): void {
  const { shape } = operands[lists]!;
  const index = operands['index']!;
  if (shape.length !== 3 || index.shape.length !== 2) {
    refuse(kind, label, `${lists} must have rank 3 and index rank 2`, operands);
  }
  if (index.dtype !== 'int32' && index.dtype !== 'int64') {
    refuse(kind, label, `index must be of integers, not ${index.dtype}`, operands);
  }
  const [own, shared] = [sameDim(index.shape[0]!, shape[0]!), index.shape[0] === 1];
  if (!own && !shared) {
    refuse(kind, label, `index must have one row, or one for each of ${lists}`, operands);
  }
}

function requireUpdates(
  kind: OpKind,
  label: string,
  operands: Operands,
  [lists, inner]: readonly [Dim, Dim],
): void {
  const { shape } = operands['updates']!;
  const picks = operands['index']!.shape[1]!;
  const fits = [lists, picks, inner].every((dim, axis) => sameDim(dim, shape[axis]!));
  if (!fits) refuse(kind, label, 'updates must have one entry for each index', operands);
}

/** Calls back with each pick: its list, where its place begins, where its update begins. */
function eachPick(
  index: Tensor,
  [lists, places, inner]: readonly [number, number, number],
  visit: (place: number, from: number, to: number) => void,
): void {
  const picks = index.shape[1]!;
  const rows = index.shape[0]!;
  for (let list = 0; list < lists; list++) {
    for (let k = 0; k < picks; k++) {
      const place = index.data[(rows === 1 ? 0 : list) * picks + k]!;
      visit(place, (list * places + place) * inner, (list * picks + k) * inner);
    }
  }
}

const gather: OpDef<'gather'> = {
  infer: ({ x, index }, _attrs, label) => {
    requireLists('gather', label, { x, index }, 'x');
    return { dtype: x.dtype, shape: [x.shape[0]!, index.shape[1]!, x.shape[2]!] };
  },
  vjp: ({ inputs: { x, index } }, dy, { emit, typeOf }) => ({
    x: emit('scatter_add', { updates: dy, index }, { size: typeOf(x).shape[1]! }),
  }),
  evaluate: ({ x, index }) => {
    const [lists, places, inner] = x.shape as readonly [number, number, number];
    const shape = [lists, index.shape[1]!, inner];
    const data = allocate(x.dtype, elementCount(shape), true);
    eachPick(index, [lists, places, inner], (place, from, to) => {
      const nearest = from + (Math.min(Math.max(place, 0), places - 1) - place) * inner;
      for (let i = 0; i < inner; i++) data[to + i] = x.data[nearest + i]!;
    });
    return { dtype: x.dtype, shape, data };
  },
  lower: ({ inputs: { x, index }, output }) => {
    const work = workOverElements(output, WORKGROUP);
    return [
      callKernel(gatherKernel, {
        buffers: { x: x.buffer, index: index.buffer, y: output.buffer },
        params: {
          unit: work.unit,
          places: x.shape[1]!,
          picks: index.shape[1]!,
          inner: x.shape[2]!,
          indexRow: rowOf(index),
        },
        work,
        cost: {
          flops: 0,
          over: output.type.shape,
          moved: [
            { fewerOf: [x.type.shape, output.type.shape] },
            index.type.shape,
            output.type.shape,
          ],
        },
      }),
    ];
  },
};

/** Elements from one list's row to the next: none where all share one. */
const rowOf = ({ type, shape }: Operand): number => (type.shape[0] === 1 ? 0 : shape[1]!);

const scatterAdd: OpDef<'scatter_add'> = {
  infer: ({ updates, index }, { size }, label) => {
    const operands = { updates, index };
    requireLists('scatter_add', label, operands, 'updates');
    const [lists, , inner] = updates.shape;
    requireUpdates('scatter_add', label, operands, [lists!, inner!]);
    return { dtype: updates.dtype, shape: [lists!, size, inner!] };
  },
  vjp: ({ inputs: { index } }, dy, { emit }) => ({ updates: emit('gather', { x: dy, index }, {}) }),
  evaluate: ({ updates, index }, _attrs, { type, shape }) => {
    const to = shape();
    const zeros = tensor(type.dtype, to, allocate(type.dtype, elementCount(to), true));
    return scattered(zeros, index, updates, (old, update) => old + update);
  },
  lower: (context) => {
    const { updates, index } = context.inputs;
    return lowerScatter(context, updates, index, null, 'a + b');
  },
};

/** What is left at a place from what was there and an update: in plain numbers, and in WGSL. */
const REDUCTIONS: {
  readonly [R in ScatterReduction]: {
    readonly value: (old: number, update: number) => number;
    readonly wgsl: string;
  };
} = {
  none: { value: (_, update) => update, wgsl: 'b' },
  mul: { value: (old, update) => old * update, wgsl: 'a * b' },
  max: { value: (old, update) => (old < update ? update : old), wgsl: 'select(a, b, a < b)' },
  min: { value: (old, update) => (old > update ? update : old), wgsl: 'select(a, b, a > b)' },
};

const scatter: OpDef<'scatter'> = {
  infer: (inputs, _attrs, label) => {
    const { x, updates } = inputs;
    const operands = { ...inputs };
    requireLists('scatter', label, operands, 'x');
    if (updates.shape.length !== 3 || updates.dtype !== x.dtype) {
      refuse('scatter', label, 'updates must be like x', operands);
    }
    requireUpdates('scatter', label, operands, [x.shape[0]!, x.shape[2]!]);
    return x;
  },
  vjp: ({ inputs, output, attrs }, dy, context) =>
    attrs.reduction === 'none'
      ? replacedGrad(inputs, dy, context)
      : attrs.reduction === 'mul'
        ? productGrad(inputs, output, dy, context)
        : extremeGrad(inputs, output, dy, context),
  evaluate: ({ x, index, updates }, { reduction }) =>
    scattered({ ...x, data: x.data.slice() }, index, updates, REDUCTIONS[reduction].value),
  lower: (context) => {
    const { x, index, updates } = context.inputs;
    const { wgsl } = REDUCTIONS[context.node.attrs.reduction];
    return lowerScatter(context, updates, index, x, wgsl);
  },
};

/** Folds updates into `into`, whose data is overwritten, in the order of the index. */
function scattered(
  into: Tensor,
  index: Tensor,
  updates: Tensor,
  combine: (old: number, update: number) => number,
): Tensor {
  const [lists, places, inner] = into.shape as readonly [number, number, number];
  eachPick(index, [lists, places, inner], (place, to, from) => {
    if (place < 0 || place >= places) return;
    for (let i = 0; i < inner; i++) {
      into.data[to + i] = combine(into.data[to + i]!, updates.data[from + i]!);
    }
  });
  return into;
}

// ---- gradients of scatters -------------------------------------------------------------------

interface ScatterInputs {
  readonly x: ValueId;
  readonly index: ValueId;
  readonly updates: ValueId;
}

type ScatterGrad = Partial<Record<'x' | 'updates', ValueId>>;

/** What was replaced has no gradient; of several updates of one place the last has it. */
function replacedGrad(
  { x, index, updates }: ScatterInputs,
  dy: ValueId,
  { emit, typeOf, constant, needs }: VjpContext,
): ScatterGrad {
  const filled = (value: number, shape: Shape): ValueId =>
    emit('expand', { x: constant(scalar(value)) }, { shape });
  const kept = (): ValueId => {
    const zeros = filled(0, typeOf(updates).shape);
    return emit('scatter', { x: dy, index, updates: zeros }, { reduction: 'none' });
  };
  const passed = (): ValueId => {
    // Every update writes its number; those that find it again were the last of their place.
    const { shape } = typeOf(updates);
    const count = emit('iota', {}, { size: shape[1]! });
    const column = emit('reshape', { x: count }, { shape: [1, shape[1]!, 1] });
    const numbers = emit('expand', { x: column }, { shape });
    const none = emit('cast', { x: filled(-1, typeOf(x).shape) }, { to: 'int32' });
    const last = emit('scatter', { x: none, index, updates: numbers }, { reduction: 'none' });
    const found = emit('gather', { x: last, index }, {});
    const condition = emit('equal', { a: found, b: numbers }, {});
    const share = emit('gather', { x: dy, index }, {});
    return emit('where', { condition, a: share, b: constant(scalar(0)) }, {});
  };
  return { ...(needs('x') && { x: kept() }), ...(needs('updates') && { updates: passed() }) };
}

/** y = x Π u: dx = dy Π u, du = dy y / u. An update of 0 gives no number, which is seen as NaN. */
function productGrad(
  { x, index, updates }: ScatterInputs,
  y: ValueId,
  dy: ValueId,
  { emit, typeOf, constant, needs }: VjpContext,
): ScatterGrad {
  const factors = (): ValueId => {
    const ones = emit('expand', { x: constant(scalar(1)) }, { shape: typeOf(x).shape });
    return emit('scatter', { x: ones, index, updates }, { reduction: 'mul' });
  };
  const share = (): ValueId => emit('gather', { x: emit('mul', { a: dy, b: y }, {}), index }, {});
  return {
    ...(needs('x') && { x: emit('mul', { a: dy, b: factors() }, {}) }),
    ...(needs('updates') && { updates: emit('div', { a: share(), b: updates }, {}) }),
  };
}

/** The extreme's cotangent goes to what equals it, in equal parts. */
function extremeGrad(
  { x, index, updates }: ScatterInputs,
  y: ValueId,
  dy: ValueId,
  { emit, typeOf, needs }: VjpContext,
): ScatterGrad {
  const matches = (a: ValueId, b: ValueId): ValueId =>
    emit('cast', { x: emit('equal', { a, b }, {}) }, { to: 'float32' });
  const own = matches(x, y);
  const theirs = matches(updates, emit('gather', { x: y, index }, {}));
  const size = typeOf(x).shape[1]!;
  const count = emit(
    'add',
    { a: own, b: emit('scatter_add', { updates: theirs, index }, { size }) },
    {},
  );
  const part = emit('div', { a: dy, b: count }, {});
  return {
    ...(needs('x') && { x: emit('mul', { a: part, b: own }, {}) }),
    ...(needs('updates') && {
      updates: emit('mul', { a: emit('gather', { x: part, index }, {}), b: theirs }, {}),
    }),
  };
}

// ---- kernels ---------------------------------------------------------------------------------

/** The chain of each place, then the walk along it. Without `x`, places begin at 0. */
function lowerScatter<K extends 'scatter' | 'scatter_add'>(
  { output, temporary }: LowerContext<K>,
  updates: Operand,
  index: Operand,
  x: Operand | null,
  combine: string,
): KernelCall[] {
  const rows = index.type.shape[0]!;
  const head = temporary({ dtype: 'int32', shape: [rows, output.type.shape[1]!] });
  const next = temporary({ dtype: 'int32', shape: [rows, index.type.shape[1]!] });
  const work = workOverElements(output, WORKGROUP);
  const as = output.type.dtype === 'float32' ? 'f32' : 'i32';
  const typed = combine.replace(/\b([ab])\b/g, `bitcast<${as}>($1)`);
  return [
    ...chainCalls(index, head, next),
    callKernel(scatterKernel, {
      slots: {
        combine: `bitcast<u32>(${typed})`,
        ...(x === null ? {} : { initial: 'x[at]' }),
      },
      buffers: {
        x: x?.buffer ?? NO_BUFFER,
        updates: updates.buffer,
        head: head.buffer,
        next: next.buffer,
        y: output.buffer,
      },
      params: {
        unit: work.unit,
        places: output.shape[1]!,
        picks: index.shape[1]!,
        inner: output.shape[2]!,
        headRow: rowOf(head),
        nextRow: rowOf(next),
      },
      work,
      cost: costOf(1, updates, [x ?? undefined, updates, head, next, output]),
    }),
  ];
}

/** The first update of each place, and each update's successor. */
function chainCalls(index: Operand, head: Operand, next: Operand): KernelCall[] {
  const picks = index.type.shape[1]!;
  const batch = typeof picks === 'number' ? null : picks;
  const work = workOverRows(index, head.shape[1]! + index.shape[1]!, WORKGROUP);
  return [
    callKernel(chainKernel, {
      constants: { OVER_BATCH: batch !== null },
      buffers: { index: index.buffer, head: head.buffer, next: next.buffer },
      params: {
        unit: work.unit,
        places: head.shape[1]!,
        picks: index.shape[1]!,
        livePicks: batch?.times ?? index.shape[1]!,
      },
      // A batch of picks is named for its extent, which bounds the walk; workgroups past `unit` return.
      work: batch === null ? work : { ...work, batch: batch.symbol },
      cost: costOf(0, index, [index, head, next]),
    }),
  ];
}

export const gatherOps: OpFamily<'gather' | 'scatter_add' | 'scatter'> = {
  gather,
  scatter_add: scatterAdd,
  scatter,
};
