// One evaluation of the L-BFGS attack (Szegedy et al., ICLR 2014) as a graph, for every image in a slot:
//
//   minimise over r   φ = c · |r|₂ + J(x0 + r, l)   with x0 + r in a box, for the largest c whose minimiser
//   is classified as l.
//
// A run evaluates φ and its gradient at one trial point of each slot (objective.ts), takes a step of the
// minimisation (descent.ts), and where that has ended, one of the search for c (penalty.ts). All is decided
// on the device: the host reads statuses.
import { InternalError } from '../../core/errors.ts';
import { elementCount, isStatic } from '../../core/shape.ts';
import { intTensor } from '../../core/tensor.ts';
import { typeOf, type Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { Expressions } from '../../ops/expressions.ts';
import { buildForward } from '../forward.ts';
import { measure, type MeasureName } from '../measures.ts';
import type { ResolvedOptions } from '../options.ts';
import { ACTIVE, CODE, SLOTS, SlotState, SYMBOLS } from '../step/state.ts';
import { visit } from '../step/visit.ts';
import { descend } from './descent.ts';
import { PairMemory } from './inverse-hessian.ts';
import { evaluateObjective } from './objective.ts';
import { searchPenalty } from './penalty.ts';
import { SlotValues } from './slot-values.ts';

export interface LbfgsStep {
  readonly graph: Graph;
  /** Inputs that each run replaces, by the output they take. */
  readonly state: Readonly<Record<string, string>>;
  readonly symbols: readonly string[];
  /** Columns of the state `measures`, which are of the state `best`. */
  readonly measures: readonly MeasureName[];
}

/** The evaluation on `model`, a graph from `image` [N, C, H, W] to `logits` [N, classes]. */
export function buildLbfgsStep(model: Graph, options: ResolvedOptions): LbfgsStep {
  const [, ...image] = typeOf(model, model.inputs[0]!.id).shape;
  const { bounds } = options;
  if (!isStatic(image)) throw new InternalError('the model has a dynamic image size');
  if (bounds === null) throw new InternalError('L-BFGS needs a box');
  const b = new GraphBuilder();
  const e = new Expressions(b);
  const state = new SlotState(e);
  const statusSlots = state.input('status', 'int32');
  const active = busySlots(e, statusSlots);
  const isNew = e.equal(e.rows(statusSlots, active), e.int(CODE.new));
  const held = new SlotValues(e, state, active, isNew);
  const none = b.emit('expand', { x: e.int(0) }, { shape: [ACTIVE] });
  const x0 = e.rows(state.input('x0', 'float32', image), active);
  const x = held.read('x', x0, image);

  const forward = buildForward(b, model, options, x, ACTIVE);
  const predicted = e.flat(b.emit('argmax', { x: forward.logits }, {}), ACTIVE);
  const seen = { forward, predicted, isNew, slots: active };
  const { candidates } = visit(e, state, seen, options);
  const targets = b.typeOf(candidates).shape[1] as number;
  const which = held.read('which', none);
  const column = b.emit('take_along', { x: candidates, index: e.column(which, ACTIVE) }, {});
  const target = e.flat(column, ACTIVE);

  const c = held.read('c', e.number(0));
  const objective = evaluateObjective(e, seen, { x, x0, target, c });
  const memory = new PairMemory(e, state, active, elementCount(image));
  const descent = descend(e, held, memory, objective, x0, bounds);
  const steps = e.add(held.read('steps', none), e.int(1));
  const spent = e.greater(steps, b.constant(intTensor([1], [options.maxSteps - 1])));
  const search = searchPenalty(e, held, objective, descent, { x0, target, which, targets, spent });

  const failed = e.and(descent.fresh, e.not(objective.finite));
  const stalled = e.and(isNew, e.not(objective.slopes));
  const outcome = e.where(search.found, e.int(CODE.fooled), e.int(CODE.exhausted));
  const going = e.where(search.done, outcome, e.int(CODE.running));
  const code = e.where(failed, e.int(CODE.failed), e.where(stalled, e.int(CODE.stalled), going));
  const { best, next } = search;
  const { values, names } = measure(e, { ...options, x0, x: best, r: e.sub(best, x0) });
  held.write('x', next);
  held.write('steps', e.where(e.or(failed, stalled), e.sub(steps, e.int(1)), steps));
  held.write('measures', values);
  state.replace('status', statusSlots, active, code);
  const symbols = Object.values(SYMBOLS);
  return { graph: b.finish(), state: state.next, symbols, measures: names };
}

/** The slots whose image is new or running. */
function busySlots(e: Expressions, status: ValueId): ValueId {
  const all = e.builder.emit('iota', {}, { size: SLOTS });
  return e.keep(all, e.less(status, e.int(CODE.fooled)), SYMBOLS.active);
}
