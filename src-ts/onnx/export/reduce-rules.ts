// Reductions, indices of extreme elements, softmax.
import { normalizeAxis } from '../../core/shape.ts';
import type { Attributes } from './model-writer.ts';
import type { ExportContext } from './export-context.ts';
import type { ExportedNode, ExportFamily } from './export-rule.ts';

type ReduceKind = 'reduce_sum' | 'reduce_max' | 'reduce_min' | 'reduce_prod';

/** ONNX takes no axes for all of them. `axes` is an input of sums at this opset, else an attribute. */
const reduction =
  (operator: string) =>
  ({ inputs: { x }, attrs }: ExportedNode<ReduceKind>, at: ExportContext): string => {
    if (attrs.axes.length === 0) return at.op('Identity', [x.name]);
    const axes = attrs.axes.map((axis) => normalizeAxis(axis, x.type.shape.length));
    const isTruth = x.type.dtype === 'bool';
    const numbers = isTruth ? at.cast(x.name, 'int32') : x.name;
    const value =
      operator === 'ReduceSum'
        ? at.op(operator, [numbers, at.ints(axes)], { keepdims: 1 })
        : at.op(operator, [numbers], { axes, keepdims: 1 });
    return isTruth ? at.cast(value, 'bool') : value;
  };

const extreme =
  (operator: string) =>
  (
    { inputs: { x }, attrs: { selectLast = false } }: ExportedNode<'argmax' | 'argmin'>,
    at: ExportContext,
  ): string => {
    const axis = x.type.shape.length - 1;
    const last: Attributes = selectLast ? { select_last_index: 1 } : {};
    return at.cast(at.op(operator, [x.name], { axis, keepdims: 1, ...last }), 'int32');
  };

export const reduceRules: ExportFamily<ReduceKind | 'argmax' | 'argmin' | 'top_k' | 'softmax'> = {
  reduce_sum: reduction('ReduceSum'),
  reduce_max: reduction('ReduceMax'),
  reduce_min: reduction('ReduceMin'),
  reduce_prod: reduction('ReduceProd'),
  argmax: extreme('ArgMax'),
  argmin: extreme('ArgMin'),
  top_k: ({ inputs: { x }, attrs: { k, smallest = false } }, at) => {
    const attributes = { axis: -1, largest: Number(!smallest) };
    const [, indices] = at.ops('TopK', [x.name, at.ints([k])], 2, attributes);
    return at.cast(indices!, 'int32');
  },
  softmax: ({ inputs: { x }, attrs: { axis } }, at) =>
    at.op('Softmax', [x.name], { axis: normalizeAxis(axis, x.type.shape.length) }),
};
