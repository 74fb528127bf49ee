// From reductions to kernel calls. Axes next to each other reduce as one; axes apart reduce one after
// the other, the last first, through temporaries.
import { elementCount, normalizeAxis, productOf, type TensorType } from '../../core/shape.ts';
import { callKernel, defineKernel, type KernelCall, type Work } from '../../kernels/kernel.ts';
import { costOf, elementsPerRow, workOverElements, workOverRows } from '../lowering.ts';
import type { LowerContext, Operand } from '../op-def.ts';

const ofAxis = {
  constants: [],
  slots: ['combine'],
  buffers: ['x', 'y'],
  params: ['unit', 'length', 'inner', 'outerStride', 'overBatch', 'identity'],
} as const;
const ofRows = {
  constants: [],
  slots: ['combine'],
  buffers: ['x', 'y'],
  params: ['unit', 'length', 'identity'],
} as const;

const reduceFloat = defineKernel({ file: 'reduce/reduce.wgsl', ...ofAxis });
const reduceWhole = defineKernel({ file: 'reduce/reduce_whole.wgsl', ...ofAxis });
const rowsFloat = defineKernel({ file: 'reduce/reduce_rows.wgsl', ...ofRows });
const rowsWhole = defineKernel({ file: 'reduce/reduce_rows_whole.wgsl', ...ofRows });

export const topKKernel = defineKernel({
  file: 'reduce/top_k.wgsl',
  constants: ['SMALLEST', 'LAST', 'INTEGER'],
  slots: [],
  buffers: ['x', 'y'],
  params: ['unit', 'length', 'k'],
});

const WORKGROUP = 64;

/** How two elements become one: a WGSL expression of a and b, and what leaves b as it is. */
export interface Combine {
  readonly expression: string;
  readonly identity: number;
}

/** Axes `from` to `to`, the last excluded. */
interface AxisRun {
  readonly from: number;
  readonly to: number;
}

type ReduceContext = LowerContext<'reduce_sum' | 'reduce_max' | 'reduce_min' | 'reduce_prod'>;

export function lowerReduce(context: ReduceContext, combine: Combine): KernelCall[] {
  const { inputs, output, temporary, node } = context;
  const runs = axisRuns(inputs.x, node.attrs.axes);
  let x = inputs.x;
  return runs.map((run, at) => {
    const y = at === runs.length - 1 ? output : temporary(reducedType(x.type, run));
    const call = reduceCall(x, y, run, combine);
    x = y;
    return call;
  });
}

/** The runs of reduced axes, the last first; one empty run, a plain copy, where there are none. */
function axisRuns(x: Operand, axes: readonly number[]): AxisRun[] {
  const reduced = new Set(axes.map((axis) => normalizeAxis(axis, x.shape.length)));
  const runs: AxisRun[] = [];
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    if (!reduced.has(axis) || x.type.shape[axis] === 1) continue;
    const previous = runs.at(-1);
    const between = previous === undefined ? [] : x.type.shape.slice(axis + 1, previous.from);
    if (previous !== undefined && between.every((dim) => dim === 1)) {
      runs[runs.length - 1] = { from: axis, to: previous.to };
    } else runs.push({ from: axis, to: axis + 1 });
  }
  return runs.length === 0 ? [{ from: x.shape.length, to: x.shape.length }] : runs;
}

const reducedType = ({ dtype, shape }: TensorType, { from, to }: AxisRun): TensorType => ({
  dtype,
  shape: shape.map((dim, axis) => (axis >= from && axis < to ? 1 : dim)),
});

function reduceCall(x: Operand, y: Operand, { from, to }: AxisRun, combine: Combine): KernelCall {
  const length = productOf(x.type.shape.slice(from, to));
  const inner = elementCount(x.shape.slice(to));
  const common = {
    slots: { combine: combine.expression },
    buffers: { x: x.buffer, y: y.buffer },
    cost: costOf(1, x, [x, y]),
  };
  const isFloat = x.type.dtype === 'float32';
  const identity = isFloat ? combine.identity : asInteger(combine.identity);
  if (typeof length === 'number' && inner === 1 && length >= WORKGROUP) {
    const work = workOverRows(y, elementsPerRow(y.shape), 1);
    const params = { unit: work.unit, length, identity };
    return callKernel(isFloat ? rowsFloat : rowsWhole, { ...common, params, work });
  }
  const work = overBatch(workOverElements(y, WORKGROUP), length);
  const perRow = typeof length === 'number' ? length : length.times;
  return callKernel(isFloat ? reduceFloat : reduceWhole, {
    ...common,
    params: {
      unit: work.unit,
      length: perRow,
      inner,
      outerStride: elementCount(x.shape.slice(from)),
      overBatch: typeof length === 'number' ? 0 : 1,
      identity,
    },
    work,
  });
}

/** The nearest 32-bit integer: the infinities are the extreme ones. */
const asInteger = (value: number): number => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);

/** Work that names the batch it reduces for its extent; workgroups past `unit` return. */
function overBatch(work: Work, length: ReturnType<typeof productOf>): Work {
  return typeof length === 'number' ? work : { ...work, batch: length.symbol };
}

interface TopK {
  readonly k: number;
  readonly smallest: boolean;
  /** The highest index on ties; for one index a row. */
  readonly selectLast: boolean;
}

export function lowerTopK(x: Operand, y: Operand, { k, smallest, selectLast }: TopK): KernelCall[] {
  // A row of the result is k wide and has one invocation.
  const rows = y.shape.length === 1 ? 1 : elementCount(y.shape.slice(1, -1));
  const work =
    y.shape.length === 1
      ? { unit: 1, batch: null, perGroup: WORKGROUP }
      : workOverRows(y, rows, WORKGROUP);
  return [
    callKernel(topKKernel, {
      constants: {
        SMALLEST: smallest,
        LAST: selectLast,
        INTEGER: x.type.dtype !== 'float32',
      },
      buffers: { x: x.buffer, y: y.buffer },
      params: { unit: work.unit, length: x.shape.at(-1)!, k },
      work,
      cost: costOf(k, x, [x, y]),
    }),
  ];
}
