// The nearest face of the linearised polyhedron: l̂ = argmin_k |f'_k| / ‖w'_k‖_q, for each image that
// takes a step.
import { batchDim } from '../../core/shape.ts';
import { intTensor } from '../../core/tensor.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import type { Forward } from '../forward.ts';
import { dualNorm, normOf } from '../norms.ts';
import { normalsOf, type Pairs } from './products.ts';
import { STEPPING, SYMBOLS } from './state.ts';
import type { Visit } from './visit.ts';

/** Distance to a face that has no normal: beyond every real one, and finite. */
const NO_FACE = 3e38;

export interface Nearest {
  /** w'_l̂: [M, …image] */
  readonly normal: ValueId;
  /** ‖w'_l̂‖_q: [M] */
  readonly normNormal: ValueId;
  /** |f'_l̂| / ‖w'_l̂‖_q: [M] */
  readonly distance: ValueId;
  /** Whether any face has a normal: [M] */
  readonly exists: ValueId;
  /** Whether every gradient is finite: [M] */
  readonly finite: ValueId;
}

/** The nearest face of each image that takes a step; `stepping` are their rows among the active. */
export function nearestFace(
  e: Expressions,
  forward: Forward,
  { original, candidates }: Visit,
  stepping: ValueId,
  p: number,
): Nearest {
  const { builder } = e;
  const rivals = builder.typeOf(candidates).shape[1] as number;
  const dim = batchDim(SYMBOLS.stepping, rivals);
  const grid = (x: ValueId): ValueId =>
    builder.emit('reshape', { x }, { shape: [STEPPING, rivals] });
  const repeated = builder.emit(
    'expand',
    { x: e.column(stepping, STEPPING) },
    { shape: [STEPPING, rivals] },
  );
  const owner = e.flat(repeated, dim);
  const rival = e.flat(e.rows(candidates, stepping), dim);
  const pairs: Pairs = { dim, owner, rival, own: e.rows(original, owner) };
  const w = normalsOf(e, forward, pairs);

  const norm = normOf(e, w, dualNorm(p));
  const gap = gapOf(e, forward, pairs);
  const positive = e.greater(norm, e.number(0));
  const distances = e.where(positive, e.div(e.abs(gap), norm), e.number(NO_FACE));
  const best = e.flat(builder.emit('argmin', { x: grid(distances) }, {}), STEPPING);
  const row = builder.emit('iota', {}, { size: STEPPING });
  const pair = e.add(e.mul(row, builder.constant(intTensor([1], [rivals]))), best);
  const distance = e.rows(distances, pair);
  return {
    normal: e.rows(w, pair),
    normNormal: e.rows(norm, pair),
    distance,
    exists: e.less(distance, e.number(NO_FACE)),
    finite: e.flat(e.all(grid(builder.emit('is_finite', { x: norm }, {}))), STEPPING),
  };
}

/** f'_k = f_k − f_k0 of each pair: [pairs] */
function gapOf(e: Expressions, { logits }: Forward, { dim, owner, rival, own }: Pairs): ValueId {
  const seen = e.rows(logits, owner);
  const logitOf = (k: ValueId): ValueId =>
    e.flat(e.builder.emit('take_along', { x: seen, index: e.column(k, dim) }, {}), dim);
  return e.sub(logitOf(rival), logitOf(own));
}
