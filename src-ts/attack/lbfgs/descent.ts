// Minimises φ inside a box by projected L-BFGS, one trial point a run.
//
// The trial is taken when φ has gone down by a share of what the gradient promised (Armijo). The next one
// then lies along − H g in the coordinates that the box leaves free (Bertsekas 1982), clipped to the box;
// after a trial that is not taken it lies on the same line, nearer by the minimum of a parabola.
import { isStatic } from '../../core/shape.ts';
import { InternalError } from '../../core/errors.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { Expressions } from '../../ops/expressions.ts';
import { normOf } from '../norms.ts';
import { ACTIVE } from '../step/state.ts';
import { quasiNewton, type PairMemory } from './inverse-hessian.ts';
import type { Objective } from './objective.ts';
import type { SlotValues } from './slot-values.ts';

/** Share of the decrease that the gradient promises, below which a trial is not taken. */
const ARMIJO = 1e-4;
/** A decrease of less than this share of φ ends a minimisation, */
const TOLERANCE = 1e-5;
/** as do so many trials in a row that are not taken, */
const MOST_REJECTED = 8;
/** or so many evaluations. */
const MOST_EVALUATIONS = 100;
/** The first step of a minimisation that starts off x0, as a share of its distance. */
const FIRST_STEP = 0.1;

/** The last point taken. */
interface Point {
  readonly x: ValueId;
  readonly gradient: ValueId;
  readonly value: ValueId;
  readonly label: ValueId;
}

export interface Descent {
  /** The last point taken, x, its class, and how far from x0 it is: [N, …image], [N], [N] */
  readonly here: Pick<Point, 'x' | 'label'> & { readonly distance: ValueId };
  /** Where to evaluate next: [N, …image] */
  readonly trial: ValueId;
  /** Whether this minimisation is at its end: [N] */
  readonly ended: ValueId;
  /** Whether the trial was the first of a minimisation: [N] */
  readonly fresh: ValueId;
}

/** Takes the trial or not, and chooses the next one. */
export function descend(
  e: Expressions,
  held: SlotValues,
  memory: PairMemory,
  objective: Objective,
  x0: ValueId,
  box: readonly [number, number],
): Descent {
  const yes = e.builder.emit('expand', { x: e.int(1) }, { shape: [ACTIVE] });
  const fresh = e.equal(held.read('fresh', yes), e.int(1));
  const before = readPoint(e, held, objective, x0);
  const { x, value, gradient, label } = objective;
  const promised = e.dot(before.gradient, e.sub(x, before.x));
  const enough = e.less(value, e.add(before.value, e.mul(promised, e.number(ARMIJO))));
  const improves = e.and(e.not(fresh), e.and(enough, e.less(promised, e.number(0))));
  const taken = e.or(fresh, improves);
  const here: Point = {
    x: e.choose(taken, x, before.x),
    gradient: e.choose(taken, gradient, before.gradient),
    value: e.where(taken, value, before.value),
    label: e.where(taken, label, before.label),
  };
  writePoint(held, here);
  const change = { x: e.sub(x, before.x), gradient: e.sub(gradient, before.gradient) };
  const line = lineFrom(
    e,
    held,
    memory,
    here,
    { ...change, keep: improves, forget: objective.first },
    box,
  );
  const distance = normOf(e, e.sub(here.x, x0), 2);
  const rise = e.sub(value, before.value);
  const length = e.where(
    taken,
    e.where(line.curved, e.number(1), firstLength(e, here.value, line.steepness, distance)),
    e.mul(held.read('length', e.number(1), []), shrinkage(e, promised, rise)),
  );
  held.write('length', length);
  const step = e.mul(e.like(length, line.direction), line.direction);
  const free = e.add(here.x, imageLike(e, step, x));
  const trial = e.builder.emit('clip', { x: free }, { min: box[0], max: box[1] });
  const ended = isEnded(e, held, { ...line, taken, improves, rise, value });
  held.write('fresh', e.toInt(ended));
  return { here: { ...here, distance }, trial, ended, fresh };
}

function readPoint(e: Expressions, held: SlotValues, first: Objective, x0: ValueId): Point {
  const [, ...image] = e.builder.typeOf(x0).shape;
  if (!isStatic(image)) throw new InternalError('the image has no fixed size');
  return {
    x: held.read('base', x0, image),
    gradient: held.read('slope', first.gradient, image),
    value: held.read('value', first.value),
    label: held.read('label', first.label),
  };
}

function writePoint(held: SlotValues, { x, gradient, value, label }: Point): void {
  held.write('base', x);
  held.write('slope', gradient);
  held.write('value', value);
  held.write('label', label);
}

interface Line {
  /** [N, size] */
  readonly direction: ValueId;
  /** Whether the direction knows of curvature, so that 1 is its natural length: [N] */
  readonly curved: ValueId;
  /** |∇φ| in the free coordinates: [N] */
  readonly steepness: ValueId;
}

/** The direction from a point, after what was learnt on the way to it. */
function lineFrom(
  e: Expressions,
  held: SlotValues,
  memory: PairMemory,
  { x, gradient }: Point,
  change: Readonly<Record<'x' | 'gradient' | 'keep' | 'forget', ValueId>>,
  [low, high]: readonly [number, number],
): Line {
  const [s, y] = [e.lines(change.x), e.lines(change.gradient)];
  const none = e.builder.emit('expand', { x: e.int(0) }, { shape: [ACTIVE] });
  const known = e.where(change.forget, none, held.read('pairs', none));
  const keep = e.and(change.keep, memory.isSound(s, y));
  const pairs = memory.store(s, y, keep, known);
  held.write('pairs', pairs.count);
  const stuckLow = e.and(e.not(e.greater(x, e.number(low))), e.greater(gradient, e.number(0)));
  const stuckHigh = e.and(e.not(e.less(x, e.number(high))), e.less(gradient, e.number(0)));
  const free = e.lines(e.toFloat(e.not(e.or(stuckLow, stuckHigh))));
  const g = e.mul(e.lines(gradient), free);
  const newton = e.mul(quasiNewton(e, pairs, g), free);
  const downhill = e.less(e.dot(newton, g), e.number(0));
  const curved = e.and(downhill, e.greater(pairs.count, e.int(0)));
  const direction = e.choose(curved, newton, e.builder.emit('neg', { x: g }, {}));
  return { direction, curved, steepness: normOf(e, g, 2) };
}

/**
 * Length of a step along − g: to where φ would be 0 if it were linear, or from a point off x0, where φ is
 * not near 0 at its minimum, a share of the distance.
 */
function firstLength(
  e: Expressions,
  value: ValueId,
  steepness: ValueId,
  distance: ValueId,
): ValueId {
  const toZero = e.div(value, e.power(steepness, 2));
  const near = e.div(e.mul(distance, e.number(FIRST_STEP)), steepness);
  return e.where(e.greater(distance, e.number(0)), near, toZero);
}

/** By how much to shorten a step that rose instead of keeping what was promised: to a parabola's minimum. */
function shrinkage(e: Expressions, promised: ValueId, rise: ValueId): ValueId {
  const twice = e.mul(e.sub(rise, promised), e.number(2));
  const minimum = e.div(e.builder.emit('neg', { x: promised }, {}), twice);
  const safe = e.where(e.builder.emit('is_finite', { x: minimum }, {}), minimum, e.number(0));
  return e.builder.emit('clip', { x: safe }, { min: 0.1, max: 0.5 });
}

function isEnded(
  e: Expressions,
  held: SlotValues,
  now: Line & Readonly<Record<'taken' | 'improves' | 'rise' | 'value', ValueId>>,
): ValueId {
  const none = e.builder.emit('expand', { x: e.int(0) }, { shape: [ACTIVE] });
  const next = (name: string): ValueId => e.add(held.read(name, none), e.int(1));
  const rejected = e.where(now.taken, e.int(0), next('rejected'));
  const evaluations = next('evaluations');
  const least = e.mul(now.value, e.number(-TOLERANCE));
  const settled = e.and(now.improves, e.greater(now.rise, least));
  const level = e.not(e.greater(now.steepness, e.number(0)));
  const tired = e.or(
    e.greater(rejected, e.int(MOST_REJECTED)),
    e.greater(evaluations, e.int(MOST_EVALUATIONS)),
  );
  const ended = e.or(e.or(settled, level), tired);
  held.write('rejected', e.where(ended, e.int(0), rejected));
  held.write('evaluations', e.where(ended, e.int(0), evaluations));
  return ended;
}

/** Lines [N, size] as images. */
function imageLike(e: Expressions, lines: ValueId, image: ValueId): ValueId {
  return e.builder.emit('reshape', { x: lines }, { shape: e.builder.typeOf(image).shape });
}
