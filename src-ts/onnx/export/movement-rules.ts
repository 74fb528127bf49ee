// Movement.
import type { ExportFamily, ExportRule } from './export-rule.ts';
import { int64Tensor } from './model-writer.ts';

const concat: ExportRule<'concat'> = ({ inputs, attrs: { axis } }, at) => {
  const count = Object.keys(inputs).length;
  const parts = Array.from({ length: count }, (_, k) => inputs[`x${k}`]!.name);
  return at.op('Concat', parts, { axis });
};

/** An end that no start reaches: how ONNX says "down to element 0" with a negative step. */
const BEFORE_FIRST = -(2 ** 31);

const slice: ExportRule<'slice'> = ({ inputs: { x }, attrs: { ranges, sizes } }, at) => {
  const cut = [...ranges.keys()].filter((axis) => {
    const { start, step } = ranges[axis]!;
    return (
      typeof sizes[axis] === 'number' &&
      !(start === 0 && step === 1 && sizes[axis] === x.type.shape[axis])
    );
  });
  if (cut.length === 0) return at.op('Identity', [x.name]);
  const ends = cut.map((axis) => {
    const { start, step } = ranges[axis]!;
    const end = start + (sizes[axis] as number) * step;
    return end < 0 ? BEFORE_FIRST : end;
  });
  const lists = [
    cut.map((axis) => ranges[axis]!.start),
    ends,
    cut,
    cut.map((axis) => ranges[axis]!.step),
  ];
  return at.op('Slice', [x.name, ...lists.map((list) => at.ints(list))]);
};

/**
 * Zeros around the elements, or between them: then each axis with gaps gets one zero at its end, and
 * is gathered by a table that names the element or that zero.
 */
const unslice: ExportRule<'unslice'> = ({ inputs: { x }, attrs: { ranges, shape }, type }, at) => {
  const before = ranges.map(() => 0);
  const after = ranges.map(() => 0);
  const tables: { readonly axis: number; readonly from: number[] }[] = [];
  for (const [axis, { start, step }] of ranges.entries()) {
    const [size, total] = [x.type.shape[axis]!, shape[axis]!];
    if (typeof size !== 'number' || typeof total !== 'number') continue;
    if (step === 1) {
      [before[axis], after[axis]] = [start, total - start - size];
      continue;
    }
    after[axis] = 1;
    const from = new Array<number>(total).fill(size);
    for (let k = 0; k < size; k++) from[start + k * step] = k;
    tables.push({ axis, from });
  }
  const padded = at.op('Pad', [x.name, at.ints([...before, ...after]), at.number(0, type.dtype)]);
  return tables.reduce(
    (value, { axis, from }) =>
      at.op('Gather', [value, at.store('table', int64Tensor(from))], { axis }),
    padded,
  );
};

export const movementRules: ExportFamily<
  'reshape' | 'transpose' | 'expand' | 'concat' | 'slice' | 'unslice' | 'pad'
> = {
  reshape: ({ inputs: { x }, attrs: { shape } }, at) => at.reshape(x.name, shape),
  transpose: ({ inputs: { x }, attrs: { perm } }, at) => at.op('Transpose', [x.name], { perm }),
  expand: ({ inputs: { x }, attrs: { shape } }, at) => at.op('Expand', [x.name, at.sizes(shape)]),
  concat,
  slice,
  unslice,
  pad: ({ inputs: { x }, attrs: { before, after, value }, type }, at) =>
    at.op('Pad', [x.name, at.ints([...before, ...after]), at.number(value, type.dtype)]),
};
