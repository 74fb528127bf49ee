// From pools to kernel calls: one invocation for each element of the result, forward and backward.
import { elementCount } from '../../core/shape.ts';
import type { AvgPoolGeometry, OpKind, WindowGeometry } from '../../graph/op-set.ts';
import { callKernel, defineKernel, type KernelCall, type Work } from '../../kernels/kernel.ts';
import {
  EPILOGUE_BUFFERS,
  EPILOGUE_SLOTS,
  epilogueBuffers,
  epilogueParams,
  epilogueSlots,
  extrasOf,
} from '../epilogue.ts';
import { costOf, tableOf, workOverElements, workOverRows } from '../lowering.ts';
import type { AdapterTraits, LowerContext, Operand } from '../op-def.ts';
import { planeWindow } from '../window.ts';

const WINDOW_PARAMS = [
  ...([
    'unit',
    'inHeight',
    'inWidth',
    'outHeight',
    'outWidth',
    'kernelHeight',
    'kernelWidth',
  ] as const),
  ...([
    'strideY',
    'strideX',
    'dilationY',
    'dilationX',
    'padY',
    'padX',
    'padEndY',
    'padEndX',
  ] as const),
  ...(['planesPerEntry', 'rowElements'] as const),
] as const;

export const maxPoolKernel = defineKernel({
  file: 'pool/max_pool.wgsl',
  constants: ['STRIP', 'INDEX'],
  slots: [],
  buffers: ['x', 'y'],
  params: WINDOW_PARAMS,
});

export const maxPoolGradKernel = defineKernel({
  file: 'pool/max_pool_grad.wgsl',
  constants: ['STRIP', 'ROWS', 'ARGMAX_ROWS'],
  slots: EPILOGUE_SLOTS,
  buffers: ['dy', 'argmax', 'argmax_table', 'dx', ...EPILOGUE_BUFFERS],
  params: WINDOW_PARAMS,
});

export const avgPoolKernel = defineKernel({
  file: 'pool/avg_pool.wgsl',
  constants: ['STRIP', 'PADDED'],
  slots: [],
  buffers: ['x', 'y'],
  params: WINDOW_PARAMS,
});

export const avgPoolGradKernel = defineKernel({
  file: 'pool/avg_pool_grad.wgsl',
  constants: ['STRIP', 'PADDED'],
  slots: EPILOGUE_SLOTS,
  buffers: ['dy', 'dx', ...EPILOGUE_BUFFERS],
  params: WINDOW_PARAMS,
});

export const windowSumKernel = defineKernel({
  file: 'pool/window_sum.wgsl',
  constants: [],
  slots: [],
  buffers: ['x', 'y'],
  params: ['unit', 'length', 'inner', 'before', 'after'],
});

const WORKGROUP = 64;

interface PoolContext {
  readonly node: { readonly kind: OpKind; readonly label: string };
  readonly output: Operand;
  readonly traits: AdapterTraits;
}

/** Results of one invocation: more where each costs a core its time, fewer where many must be busy. */
const stripOf = ({ traits }: PoolContext): number => (traits.subgroupLanes === null ? 4 : 8);

/** Work of strips, or of so many `rows` of them one below another. */
function stripWork(context: PoolContext, rows = 1): Work {
  const { output } = context;
  const [width = 1, height = 1] = output.shape.slice(2).reverse();
  const strips = Math.ceil(height / rows) * Math.ceil(width / stripOf(context));
  return workOverRows(output, output.shape[1]! * strips, WORKGROUP);
}

/** The parameters every pool kernel takes, for windows over planes of `size`. */
function windowParams(
  context: PoolContext,
  geometry: WindowGeometry & { readonly padsEnd?: readonly number[] },
  size: readonly number[],
) {
  const { node, output } = context;
  const window = planeWindow(node.kind, node.label, geometry, size);
  const ends = geometry.padsEnd ?? [];
  return {
    unit: stripWork(context).unit,
    inHeight: window.input[0],
    inWidth: window.input[1],
    outHeight: window.output[0],
    outWidth: window.output[1],
    kernelHeight: window.kernel[0],
    kernelWidth: window.kernel[1],
    strideY: window.strides[0],
    strideX: window.strides[1],
    dilationY: window.dilations[0],
    dilationX: window.dilations[1],
    padY: window.pads[0],
    padX: window.pads[1],
    padEndY: ends.at(-2) ?? 0,
    padEndX: ends.at(-1) ?? 0,
    planesPerEntry: output.shape[1]!,
    ...epilogueParams(output),
  };
}

const spatial = ({ shape }: Operand): readonly number[] => shape.slice(2);

function maxPoolCall(
  context: LowerContext<'max_pool'> | LowerContext<'max_pool_argmax'>,
  INDEX: boolean,
): KernelCall[] {
  const { node, inputs, output } = context;
  return [
    callKernel(maxPoolKernel, {
      constants: { STRIP: stripOf(context), INDEX },
      buffers: { x: inputs.x.buffer, y: output.buffer },
      params: windowParams(context, node.attrs, spatial(inputs.x)),
      work: stripWork(context),
      cost: costOf(elementCount(node.attrs.kernel), output, [inputs.x, output]),
    }),
  ];
}

export const lowerMaxPool = (context: LowerContext<'max_pool'>): KernelCall[] =>
  maxPoolCall(context, false);

export const lowerMaxPoolArgmax = (context: LowerContext<'max_pool_argmax'>): KernelCall[] =>
  maxPoolCall(context, true);

export function lowerMaxPoolGrad(context: LowerContext<'max_pool_grad'>): KernelCall[] {
  const { dy, argmax } = context.inputs;
  const { node, output, epilogue } = context;
  const rows = context.traits.subgroupLanes === null ? 1 : 2;
  const work = stripWork(context, rows);
  return [
    callKernel(maxPoolGradKernel, {
      constants: { STRIP: stripOf(context), ROWS: rows, ARGMAX_ROWS: argmax.table !== null },
      buffers: {
        dy: dy.buffer,
        argmax: argmax.buffer,
        argmax_table: tableOf(argmax),
        dx: output.buffer,
        ...epilogueBuffers(epilogue),
      },
      slots: epilogueSlots(epilogue),
      params: { ...windowParams(context, node.attrs, node.attrs.inputSize), unit: work.unit },
      work,
      cost: costOf(1, dy, [dy, argmax, output, ...extrasOf(epilogue)]),
    }),
  ];
}

const isPadded = ({ divisor }: AvgPoolGeometry): boolean => divisor === 'padded';

export function lowerAvgPool(context: LowerContext<'avg_pool'>): KernelCall[] {
  const { node, inputs, output } = context;
  return [
    callKernel(avgPoolKernel, {
      constants: { STRIP: stripOf(context), PADDED: isPadded(node.attrs) },
      buffers: { x: inputs.x.buffer, y: output.buffer },
      params: windowParams(context, node.attrs, spatial(inputs.x)),
      work: stripWork(context),
      cost: costOf(elementCount(node.attrs.kernel), output, [inputs.x, output]),
    }),
  ];
}

export function lowerAvgPoolGrad(context: LowerContext<'avg_pool_grad'>): KernelCall[] {
  const { node, inputs, output, epilogue } = context;
  return [
    callKernel(avgPoolGradKernel, {
      constants: { STRIP: stripOf(context), PADDED: isPadded(node.attrs) },
      slots: epilogueSlots(epilogue),
      buffers: { dy: inputs.dy.buffer, dx: output.buffer, ...epilogueBuffers(epilogue) },
      params: windowParams(context, node.attrs, node.attrs.inputSize),
      work: stripWork(context),
      cost: costOf(elementCount(node.attrs.kernel), inputs.dy, [
        inputs.dy,
        output,
        ...extrasOf(epilogue),
      ]),
    }),
  ];
}

export function lowerWindowSum({
  node,
  inputs: { x },
  output,
}: LowerContext<'window_sum'>): KernelCall[] {
  const { axis, before, after } = node.attrs;
  const work = workOverElements(output, WORKGROUP);
  return [
    callKernel(windowSumKernel, {
      buffers: { x: x.buffer, y: output.buffer },
      params: {
        unit: work.unit,
        length: x.shape[axis]!,
        inner: elementCount(x.shape.slice(axis + 1)),
        ...{ before, after },
      },
      work,
      cost: costOf(before + 1 + after, output, [x, output]),
    }),
  ];
}
