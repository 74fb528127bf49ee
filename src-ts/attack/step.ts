// One DeepFool step as a graph (Moosavi-Dezfooli et al., CVPR 2016: algorithm 2 and §3.3). The loop
// around it only runs it again, so its meaning is written once, for every device and for export.
//
//   paper        here                       paper        here
//   x0           x0                         k̂(x0)        original
//   r (sum)      r                          w'_k, f'_k   step/products.ts
//   x_i          x                          l̂            nearest
//   η            overshoot                  q            dualExponent(p)
//
// Slots hold images, and the status of a slot says whether it takes part: `new` and `running` do. An
// iteration runs the model on those, drops the images that are done, and only for the survivors makes
// pairs (image, class), a vector-Jacobian product for many of them at a time (step/rounds.ts), and a
// step. The first visit of a slot also fixes its original class and candidates. So the host fills a
// slot with the next image by writing x0, r = 0, zero counts and the status `new`, between any two steps.
//
// Departures from the paper: the linearisation is at the overshot point, as in the authors' code; a
// step is never shorter than 1e-7 · ‖x0‖_p, so that rounding cannot stall a loop.
import { InternalError } from '../core/errors.ts';
import { isStatic, type Extents } from '../core/shape.ts';
import { intTensor } from '../core/tensor.ts';
import { typeOf, type Graph } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from '../ops/expressions.ts';
import { buildForward, takesOneImage } from './forward.ts';
import { measure, type MeasureName } from './measures.ts';
import { directionOf, normOf } from './norms.ts';
import type { ResolvedOptions } from './options.ts';
import { Faces } from './step/faces.ts';
import type { Nearest } from './step/nearest.ts';
import { extentsOf, findNearest, planRounds } from './step/rounds.ts';
import { ACTIVE, CODE, SLOTS, SlotState, SYMBOLS } from './step/state.ts';
import { visit } from './step/visit.ts';

export { STATUSES, SYMBOLS, type SlotStatus } from './step/state.ts';

/** A step shorter than this share of ‖x0‖_p is lengthened to it. */
const SHORTEST_STEP = 1e-7;

export interface StepGraph {
  readonly graph: Graph;
  /** Inputs that each run replaces, by the output they take. */
  readonly state: Readonly<Record<string, string>>;
  /** Whether the model takes one image at a time, so that there can be only one slot. */
  readonly single: boolean;
  /** Columns of the state `measures`. */
  readonly measures: readonly MeasureName[];
  /** K − 1: the classes each image's step is compared with. */
  readonly rivals: number;
  /** How many of them are in each round of products, or part of one. */
  readonly rounds: readonly number[];
  /** The largest extent of each symbol, for one slot. */
  readonly extents: Extents;
}

/**
 * The step of DeepFool on `model`, a graph from `image` [N, C, H, W] to `logits` [N, classes]. A
 * model with one output is the binary classifier sign(f): it is attacked as the pair of logits
 * (0, f), for which algorithm 2 is algorithm 1. A round of products takes at most `most` classes an
 * image, which bounds the memory of a step and changes no result.
 */
export function buildStepGraph(model: Graph, options: ResolvedOptions, most = Infinity): StepGraph {
  const [, ...image] = typeOf(model, model.inputs[0]!.id).shape;
  if (!isStatic(image)) throw new InternalError('the model has a dynamic image size');
  const b = new GraphBuilder();
  const e = new Expressions(b);
  const state = new SlotState(e);
  const x0Slots = state.input('x0', 'float32', image);
  const rSlots = state.input('r', 'float32', image);
  const stepsSlots = state.input('steps', 'int32');
  const productsSlots = state.input('products', 'int32');
  const statusSlots = state.input('status', 'int32');
  const active = busySlots(e, statusSlots);

  // x = clip(x0 + (1 + η) r), and r as the clipped x has it
  const x0 = e.rows(x0Slots, active);
  const { x, r } = iterate(e, x0, e.rows(rSlots, active), options);
  const forward = buildForward(b, model, options, x, ACTIVE);
  const predicted = e.flat(b.emit('argmax', { x: forward.logits }, {}), ACTIVE);
  const isNew = e.equal(e.rows(statusSlots, active), e.int(CODE.new));
  const visited = visit(e, state, { forward, predicted, isNew, slots: active }, options);

  // Who is done, and why; the others step onto the nearest face of the linearised polyhedron.
  const steps = e.rows(stepsSlots, active);
  const code = verdict(e, forward.logits, { predicted, steps, ...visited }, options);
  const rows = b.emit('iota', {}, { size: ACTIVE });
  const stepping = e.keep(rows, e.equal(code, e.int(CODE.running)), SYMBOLS.stepping);
  const slotOfStepper = e.rows(active, stepping);
  const faces = new Faces(e, forward, visited, stepping);
  // Products of a model that takes one image cannot be left out by count.
  const rounds = planRounds(faces.rivals, most, takesOneImage(model) ? null : options.lazy);
  const part = { slots: active, isNew, stepping };
  const { nearest, taken } = findNearest(e, state, faces, part, options.norm, rounds);
  const sizes = normOf(e, x0, options.norm);
  const bounded = options.bounds !== null;
  const rBefore = bounded ? e.rows(r, stepping) : e.rows(rSlots, slotOfStepper);
  const rNext = e.add(rBefore, stepOnto(e, nearest, e.rows(sizes, stepping), options));

  // Back to the slots.
  const outcome = e.where(
    nearest.finite,
    e.where(nearest.exists, e.int(CODE.running), e.int(CODE.stalled)),
    e.int(CODE.failed),
  );
  const took = e.toInt(e.equal(outcome, e.int(CODE.running)));
  const { values, names } = measure(e, { x0, x, r, ...options });
  state.replace('adversarial', state.input('adversarial', 'int32'), active, predicted);
  state.replace('x', state.input('x', 'float32', image), active, x);
  state.replace('measures', state.input('measures', 'float32', [names.length]), active, values);
  state.replace('steps', stepsSlots, slotOfStepper, e.add(e.rows(steps, stepping), took));
  const products = e.add(e.rows(productsSlots, slotOfStepper), taken);
  state.replace('products', productsSlots, slotOfStepper, products);
  state.replace('status', e.update(statusSlots, active, code), slotOfStepper, outcome);
  state.replace('r', rSlots, slotOfStepper, rNext);
  return {
    graph: b.finish(),
    state: state.next,
    single: takesOneImage(model),
    measures: names,
    rivals: faces.rivals,
    rounds: rounds.parts.flat(),
    extents: {
      ...Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, 1])),
      ...extentsOf(rounds),
    },
  };
}

/** The slots whose image is new or running. */
function busySlots(e: Expressions, status: ValueId): ValueId {
  const all = e.builder.emit('iota', {}, { size: SLOTS });
  return e.keep(all, e.less(status, e.int(CODE.fooled)), SYMBOLS.active);
}

/** The overshot iterate; inside bounds, r becomes what the clipped iterate makes of it. */
function iterate(
  e: Expressions,
  x0: ValueId,
  r: ValueId,
  { overshoot, bounds }: ResolvedOptions,
): { x: ValueId; r: ValueId } {
  const reach = 1 + overshoot;
  const free = e.add(x0, e.mul(e.number(reach), r));
  if (bounds === null) return { x: free, r };
  const x = e.builder.emit('clip', { x: free }, { min: bounds[0], max: bounds[1] });
  return { x, r: e.mul(e.sub(x, x0), e.number(1 / reach)) };
}

/** The status code of each active image, before its step. */
function verdict(
  e: Expressions,
  logits: ValueId,
  { predicted, original, steps }: Readonly<Record<'predicted' | 'original' | 'steps', ValueId>>,
  { target, maxSteps }: ResolvedOptions,
): ValueId {
  const { builder } = e;
  const finite = e.flat(e.all(builder.emit('is_finite', { x: logits }, {})), ACTIVE);
  const same = e.equal(predicted, original);
  const fooled =
    target === null
      ? builder.emit('not', { x: same }, {})
      : e.equal(predicted, builder.constant(intTensor([1], [target])));
  const spent = e.less(builder.constant(intTensor([1], [maxSteps - 1])), steps);
  return e.where(
    finite,
    e.where(fooled, e.int(CODE.fooled), e.where(spent, e.int(CODE.exhausted), e.int(CODE.running))),
    e.int(CODE.failed),
  );
}

/** (d + stabilizer) · direction, lengthened where it would be lost to rounding. */
function stepOnto(
  e: Expressions,
  nearest: Nearest,
  size: ValueId,
  { norm: p, stabilizer }: ResolvedOptions,
): ValueId {
  const floor = e.mul(size, e.number(SHORTEST_STEP));
  const length = e.maximum(e.add(nearest.distance, e.number(stabilizer)), floor);
  const direction = directionOf(e, nearest.normal, nearest.normNormal, p);
  return e.mul(e.like(length, direction), direction);
}
