// Determinants of small matrices, by their rule of signs.
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { mul, reshapeTo, sub } from './compose.ts';

export const Det = defineRule(['X'], {}, ({ X }, _, at) => {
  const { shape } = X.type;
  const rank = shape.length;
  if (rank < 2) return at.fail('its input is no matrix');
  const [rows, columns] = [at.staticDim(shape, rank - 2), at.staticDim(shape, rank - 1)];
  if (rows !== columns) return at.fail(`a matrix of ${rows} × ${columns} has no determinant`);
  if (rows > 3) return at.refuse(`of ${rows} × ${rows}: matrices of up to 3 × 3 are supported`);
  const entry = (i: number, j: number): Value => entryOf(X, i, j, at);
  const minor = (i: number, j: number, k: number, l: number): Value =>
    sub(mul(entry(i, k), entry(j, l), at), mul(entry(i, l), entry(j, k), at), at);
  if (rows === 1) return entry(0, 0);
  if (rows === 2) return minor(0, 1, 0, 1);
  const first = mul(entry(0, 0), minor(1, 2, 1, 2), at);
  const second = mul(entry(0, 1), minor(1, 2, 0, 2), at);
  const third = mul(entry(0, 2), minor(1, 2, 0, 1), at);
  return at.emit('add', { a: sub(first, second, at), b: third }, {});
});

/** One entry of every matrix, the two matrix axes left out. */
function entryOf(x: Value, row: number, column: number, at: NodeContext): Value {
  const lead = x.type.shape.slice(0, -2);
  const ranges = [...lead.map(() => 0), row, column].map((start) => ({ start, step: 1 }));
  return reshapeTo(at.emit('slice', { x }, { ranges, sizes: [...lead, 1, 1] }), lead, at);
}
