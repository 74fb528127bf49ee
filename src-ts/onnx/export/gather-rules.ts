// Elements chosen by an index in lists [B, S, I]. An index that all lists share is ONNX's Gather; one of
// each list's own, and all scatters, take an index for every element.
import type { Shape } from '../../core/shape.ts';
import type { ExportContext, Named } from './export-context.ts';
import type { ExportFamily, ExportRule } from './export-rule.ts';

/** The index of [B, K] or [1, K], repeated for every element of `shape` = [B, K, I]. */
function elementIndex(index: Named, shape: Shape, at: ExportContext): string {
  const column = at.op('Unsqueeze', [at.as(index, 'int64'), at.ints([2])]);
  return at.op('Expand', [column, at.sizes(shape)]);
}

const gather: ExportRule<'gather'> = ({ inputs: { x, index }, type }, at) => {
  if (index.type.shape[0] !== 1) {
    return at.op('GatherElements', [x.name, elementIndex(index, type.shape, at)], { axis: 1 });
  }
  const shared = at.op('Squeeze', [index.name, at.ints([0])]);
  return at.op('Gather', [x.name, shared], { axis: 1 });
};

const scatterAdd: ExportRule<'scatter_add'> = ({ inputs: { updates, index }, type }, at) => {
  const zeros = at.op('Expand', [at.number(0, type.dtype), at.sizes(type.shape)]);
  const places = elementIndex(index, updates.type.shape, at);
  const attributes = { axis: 1, reduction: 'add' };
  return at.op('ScatterElements', [zeros, places, updates.name], attributes);
};

const scatter: ExportRule<'scatter'> = ({ inputs, attrs: { reduction } }, at) => {
  const { x, index, updates } = inputs;
  if (reduction === 'max' || reduction === 'min') {
    at.refuse(`ScatterElements knows no ${reduction} before opset 18`);
  }
  const places = elementIndex(index, updates.type.shape, at);
  return at.op('ScatterElements', [x.name, places, updates.name], { axis: 1, reduction });
};

export const gatherRules: ExportFamily<'gather' | 'scatter_add' | 'scatter'> = {
  gather,
  scatter_add: scatterAdd,
  scatter,
};
