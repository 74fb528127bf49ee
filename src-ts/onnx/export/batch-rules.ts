// Rows of a batch chosen by index. ONNX has no views: a row view becomes a Gather.
import type { ExportFamily, ExportRule } from './export-rule.ts';

const updateRows: ExportRule<'update_rows'> = ({ inputs: { x, index, rows } }, at) => {
  const places = at.op('Unsqueeze', [at.as(index, 'int64'), at.ints([1])]);
  const isTruth = x.type.dtype === 'bool';
  const updated = at.op('ScatterND', [
    at.as(x, isTruth ? 'int32' : x.type.dtype),
    places,
    at.as(rows, isTruth ? 'int32' : x.type.dtype),
  ]);
  return isTruth ? at.cast(updated, 'bool') : updated;
};

const iota: ExportRule<'iota'> = ({ attrs: { size } }, at) => {
  const count = at.op('Squeeze', [at.size(size), at.ints([0])]);
  const numbers = at.op('Range', [at.number(0, 'int64'), count, at.number(1, 'int64')]);
  return at.cast(numbers, 'int32');
};

export const batchRules: ExportFamily<
  'rows' | 'update_rows' | 'compact' | 'take_along' | 'iota' | 'random_uniform'
> = {
  random_uniform: (_node, at) => at.refuse('no ONNX operator gives the same random numbers'),
  rows: ({ inputs: { x, index }, attrs: { axis } }, at) =>
    at.op('Gather', [x.name, index.name], { axis }),
  update_rows: updateRows,
  compact: ({ inputs: { values, keep } }, at) =>
    at.op('Compress', [values.name, at.as(keep, 'bool')], { axis: 0 }),
  take_along: ({ inputs: { x, index } }, at) =>
    at.op('GatherElements', [x.name, index.name], { axis: 1 }),
  iota,
};
