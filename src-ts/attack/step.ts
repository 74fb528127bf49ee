// One DeepFool step as a graph (Moosavi-Dezfooli et al., CVPR 2016: algorithm 2 and §3.3). The loop
// around it only runs it again, so its meaning is written once, for every device and for export.
//
//   paper        here                       paper        here
//   x0           x0                         k̂(x0)        original
//   r (sum)      r                          w'_k, f'_k   w, gap (one row for each pair)
//   x_i          x                          l̂            nearest
//   η            overshoot                  q            dualExponent(p)
//
// Slots hold images, and the status of a slot says whether it takes part: `new` and `running` do. An
// iteration runs the model on those, drops the images that are done, and only for the survivors makes
// their K − 1 pairs (image, class), one vector-Jacobian product for all of them, and a step. The first
// visit of a slot also fixes its original class and candidates. So the host fills a slot with the next
// image by writing x0, r = 0 and the status `new`, between any two steps.
//
// Departures from the paper: the linearisation is at the overshot point, as in the authors' code; a
// step is never shorter than 1e-7 · ‖x0‖_p, so that rounding cannot stall a loop.
import { gradient } from '../autodiff/gradient.ts';
import { InternalError } from '../core/errors.ts';
import { batchDim, isStatic, type BatchDim, type Dtype } from '../core/shape.ts';
import { intTensor } from '../core/tensor.ts';
import { typeOf, type Graph } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from './expressions.ts';
import { buildForward, takesOneImage, type Forward } from './forward.ts';
import { measure, type MeasureName } from './measures.ts';
import { directionOf, dualNorm, normOf } from './norms.ts';
import type { ResolvedOptions } from './options.ts';

/** What became of an image; its code on the device is its place here. */
export const STATUSES = ['new', 'running', 'fooled', 'exhausted', 'stalled', 'failed'] as const;
export type SlotStatus = (typeof STATUSES)[number];
const CODE = Object.fromEntries(STATUSES.map((name, code) => [name, code])) as Record<
  SlotStatus,
  number
>;

/** Extents of the step graph. */
export const SYMBOLS = {
  /** Slots, idle ones included. */
  slots: 'S',
  /** Images being attacked at the start of the step. */
  active: 'N',
  /** Images that take a step: not fooled, not exhausted. */
  stepping: 'M',
} as const;

/** A step shorter than this share of ‖x0‖_p is lengthened to it. */
const SHORTEST_STEP = 1e-7;
/** Distance to a face that has no normal: beyond every real one, and finite. */
const NO_FACE = 3e38;

export interface StepGraph {
  readonly graph: Graph;
  /** Inputs that each run replaces, by the output they take. */
  readonly state: Readonly<Record<string, string>>;
  /** K − 1: the classes each image's step is compared with. */
  readonly rivals: number;
  /** Whether the model takes one image at a time, so that there can be only one slot. */
  readonly single: boolean;
  /** Columns of the state `measures`. */
  readonly measures: readonly MeasureName[];
}

/**
 * The step of DeepFool on `model`, a graph from `image` [N, C, H, W] to `logits` [N, classes]. A
 * model with one output is the binary classifier sign(f): it is attacked as the pair of logits
 * (0, f), for which algorithm 2 is algorithm 1.
 */
export function buildStepGraph(model: Graph, options: ResolvedOptions): StepGraph {
  return new StepBuilder(model, options).build();
}

class StepBuilder {
  readonly #b = new GraphBuilder();
  readonly #e = new Expressions(this.#b);
  readonly #model: Graph;
  readonly #options: ResolvedOptions;
  readonly #imageShape: readonly number[];
  readonly #single: boolean;
  readonly #state: Record<string, string> = {};
  readonly #slots = batchDim(SYMBOLS.slots);
  readonly #images = batchDim(SYMBOLS.active);
  readonly #steppers = batchDim(SYMBOLS.stepping);

  constructor(model: Graph, options: ResolvedOptions) {
    const [, ...imageShape] = typeOf(model, model.inputs[0]!.id).shape;
    if (!isStatic(imageShape)) throw new InternalError('the model has a dynamic image size');
    this.#model = model;
    this.#single = takesOneImage(model);
    this.#options = options;
    this.#imageShape = imageShape;
  }

  build(): StepGraph {
    const e = this.#e;
    const image = this.#imageShape;
    const x0Slots = this.#slot('x0', 'float32', image);
    const rSlots = this.#slot('r', 'float32', image);
    const stepsSlots = this.#slot('steps', 'int32');
    const statusSlots = this.#slot('status', 'int32');
    const active = this.#busySlots(statusSlots);

    // x = clip(x0 + (1 + η) r), and r as the clipped x has it
    const x0 = e.rows(x0Slots, active);
    const { x, r } = this.#iterate(x0, e.rows(rSlots, active));
    const forward = buildForward(this.#b, this.#model, this.#options, x, this.#images);
    const predicted = e.flat(this.#b.emit('argmax', { x: forward.logits }, {}), this.#images);
    const visit = this.#visit(forward, predicted, e.rows(statusSlots, active), active);

    // Who is done, and why; the others step onto the nearest face of the linearised polyhedron.
    const steps = e.rows(stepsSlots, active);
    const code = this.#verdict(forward.logits, predicted, visit.original, steps);
    const rows = this.#b.emit('iota', {}, { size: this.#images });
    const stepping = this.#keep(rows, e.equal(code, e.int(CODE.running)), SYMBOLS.stepping);
    const slotOfStepper = e.rows(active, stepping);
    const pairs = this.#pairs(forward, visit, stepping);
    const nearest = this.#nearest(pairs, visit.rivals);
    const sizes = normOf(e, x0, this.#options.norm);
    const bounded = this.#options.bounds !== null;
    const rBefore = bounded ? e.rows(r, stepping) : e.rows(rSlots, slotOfStepper);
    const rNext = e.add(rBefore, this.#stepOnto(nearest, e.rows(sizes, stepping)));

    // Back to the slots.
    const outcome = e.where(
      nearest.finite,
      e.where(nearest.exists, e.int(CODE.running), e.int(CODE.stalled)),
      e.int(CODE.failed),
    );
    const took = e.toInt(e.equal(outcome, e.int(CODE.running)));
    const { values, names } = measure(e, { x0, x, r, ...this.#options });
    this.#replace('adversarial', this.#slot('adversarial', 'int32'), active, predicted);
    this.#replace('x', this.#slot('x', 'float32', image), active, x);
    this.#replace('measures', this.#slot('measures', 'float32', [names.length]), active, values);
    this.#replace('steps', stepsSlots, slotOfStepper, e.add(e.rows(steps, stepping), took));
    this.#replace('status', e.update(statusSlots, active, code), slotOfStepper, outcome);
    this.#replace('r', rSlots, slotOfStepper, rNext);
    return {
      graph: this.#b.finish(),
      state: this.#state,
      rivals: visit.rivals,
      single: this.#single,
      measures: names,
    };
  }

  #slot(name: string, dtype: Dtype, row: readonly number[] = []): ValueId {
    return this.#b.input(name, { dtype, shape: [this.#slots, ...row] });
  }

  /** Lets an input take, after the run, its value with some rows replaced. */
  #replace(input: string, slots: ValueId, index: ValueId, rows: ValueId): void {
    this.#b.output(`next ${input}`, this.#e.update(slots, index, rows));
    this.#state[input] = `next ${input}`;
  }

  #keep(values: ValueId, keep: ValueId, symbol: string): ValueId {
    return this.#b.emit('compact', { values, keep }, { symbol });
  }

  /** The slots whose image is new or running. */
  #busySlots(status: ValueId): ValueId {
    const all = this.#b.emit('iota', {}, { size: this.#slots });
    return this.#keep(all, this.#e.less(status, this.#e.int(CODE.fooled)), SYMBOLS.active);
  }

  /** What the first visit of a slot fixes: the original class is the one predicted then. */
  #visit(
    { logits, classes }: Forward,
    predicted: ValueId,
    status: ValueId,
    active: ValueId,
  ): Visit {
    const e = this.#e;
    const rivals = this.#rivalCount(classes);
    const originalSlots = this.#slot('original', 'int32');
    const candidateSlots = this.#slot('candidates', 'int32', [rivals]);
    const isNew = e.equal(status, e.int(CODE.new));
    const original = e.where(isNew, predicted, e.rows(originalSlots, active));
    const candidates = e.where(
      e.column(isNew, this.#images),
      this.#candidates(logits, original, classes, rivals),
      e.rows(candidateSlots, active),
    );
    this.#replace('original', originalSlots, active, original);
    this.#replace('candidates', candidateSlots, active, candidates);
    return { original, candidates, rivals };
  }

  /** (d + stabilizer) · direction, lengthened where it would be lost to rounding. */
  #stepOnto(nearest: Nearest, size: ValueId): ValueId {
    const e = this.#e;
    const { norm: p, stabilizer } = this.#options;
    const floor = e.mul(size, e.number(SHORTEST_STEP));
    const length = e.maximum(e.add(nearest.distance, e.number(stabilizer)), floor);
    const direction = directionOf(e, nearest.normal, nearest.normNormal, p);
    return e.mul(e.like(length, direction), direction);
  }

  /** The overshot iterate; inside bounds, r becomes what the clipped iterate makes of it. */
  #iterate(x0: ValueId, r: ValueId): { x: ValueId; r: ValueId } {
    const e = this.#e;
    const reach = 1 + this.#options.overshoot;
    const free = e.add(x0, e.mul(e.number(reach), r));
    const { bounds } = this.#options;
    if (bounds === null) return { x: free, r };
    const x = this.#b.emit('clip', { x: free }, { min: bounds[0], max: bounds[1] });
    return { x, r: e.mul(e.sub(x, x0), e.number(1 / reach)) };
  }

  #rivalCount(classes: number): number {
    const { candidates, target } = this.#options;
    if (target !== null) return 1;
    return (candidates === 'all' ? classes : Math.min(candidates, classes)) - 1;
  }

  /** The classes besides the original one, for each image: [N, K − 1]. */
  #candidates(logits: ValueId, original: ValueId, classes: number, rivals: number): ValueId {
    const e = this.#e;
    const { target } = this.#options;
    const shape = [this.#images, rivals];
    if (target !== null) return this.#b.emit('expand', { x: e.int(target) }, { shape });
    if (rivals === classes - 1) {
      // All others: 0 … classes − 2, with those from the original class on moved up by one.
      const ids = this.#b.constant(intTensor([rivals], [...Array(rivals).keys()]));
      const below = e.less(ids, e.column(original, this.#images));
      return e.where(below, ids, e.add(ids, e.int(1)));
    }
    const top = this.#b.emit('top_k', { x: logits }, { k: rivals + 1 });
    const ranges = [
      { start: 0, step: 1 },
      { start: 1, step: 1 },
    ];
    return this.#b.emit('slice', { x: top }, { ranges, sizes: shape });
  }

  /** The status code of each active image, before its step. */
  #verdict(logits: ValueId, predicted: ValueId, original: ValueId, steps: ValueId): ValueId {
    const e = this.#e;
    const { target, maxSteps } = this.#options;
    const finite = e.flat(e.all(this.#b.emit('is_finite', { x: logits }, {})), this.#images);
    const same = e.equal(predicted, original);
    const fooled =
      target === null
        ? this.#b.emit('not', { x: same }, {})
        : e.equal(predicted, this.#b.constant(intTensor([1], [target])));
    const spent = e.less(this.#b.constant(intTensor([1], [maxSteps - 1])), steps);
    return e.where(
      finite,
      e.where(
        fooled,
        e.int(CODE.fooled),
        e.where(spent, e.int(CODE.exhausted), e.int(CODE.running)),
      ),
      e.int(CODE.failed),
    );
  }

  /** For each pair (image, class): w'_k = ∇(f_k − f_k0) and f'_k = f_k − f_k0. */
  #pairs(forward: Forward, { original, candidates, rivals }: Visit, stepping: ValueId): Pairs {
    const e = this.#e;
    const dim: BatchDim = batchDim(SYMBOLS.stepping, rivals);
    const repeated = this.#b.emit(
      'expand',
      { x: e.column(stepping, this.#steppers) },
      { shape: [this.#steppers, rivals] },
    );
    const owner = this.#b.emit('reshape', { x: repeated }, { shape: [dim] });
    const rival = e.column(e.rows(candidates, stepping), dim);
    const own = e.column(e.rows(original, owner), dim);
    const ids = this.#b.constant(intTensor([forward.classes], [...Array(forward.classes).keys()]));
    const cotangent = e.sub(e.toFloat(e.equal(rival, ids)), e.toFloat(e.equal(own, ids)));
    const w = this.#single
      ? this.#productsOneByOne(forward, cotangent, rivals)
      : this.#product(forward.x, forward.logits, cotangent, owner);
    const seen = e.rows(forward.logits, owner);
    const logitOf = (index: ValueId): ValueId => this.#b.emit('take_along', { x: seen, index }, {});
    return { w, gap: e.sub(logitOf(rival), logitOf(own)), dim };
  }

  /** The vector-Jacobian product of x with one cotangent a pair, or with one for its only row. */
  #product(x: ValueId, logits: ValueId, cotangent: ValueId, owner: ValueId | null): ValueId {
    const [w] = gradient(this.#b, {
      seeds: [{ of: logits, cotangent }],
      wrt: [x],
      ...(owner === null ? {} : { owner: { index: owner, symbol: SYMBOLS.active } }),
    });
    if (w === null || w === undefined) {
      throw new InternalError('the logits do not depend on the image');
    }
    return w;
  }

  /** For a model that takes one image: K − 1 products, side by side as the only image's pairs. */
  #productsOneByOne({ x, single }: Forward, cotangents: ValueId, rivals: number): ValueId {
    const parts = Array.from({ length: rivals }, (_, k) => {
      const cotangent = this.#e.rows(cotangents, this.#e.int(k));
      return [`x${k}`, this.#product(x, single!, cotangent, null)] as const;
    });
    const all = this.#b.emit('concat', Object.fromEntries(parts), { axis: 0 });
    const image = this.#imageShape;
    const shaped = this.#b.emit('reshape', { x: all }, { shape: [1, rivals, ...image] });
    const grid = [this.#steppers, rivals, ...image];
    const spread = this.#b.emit('expand', { x: shaped }, { shape: grid });
    const dim = batchDim(SYMBOLS.stepping, rivals);
    return this.#b.emit('reshape', { x: spread }, { shape: [dim, ...image] });
  }

  /** l̂ = argmin_k |f'_k| / ‖w'_k‖_q for each image that takes a step. */
  #nearest({ w, gap, dim }: Pairs, rivals: number): Nearest {
    const e = this.#e;
    const norm = normOf(e, w, dualNorm(this.#options.norm));
    const positive = e.greater(norm, e.number(0));
    const distances = e.where(positive, e.div(e.flat(e.abs(gap), dim), norm), e.number(NO_FACE));
    const table = this.#b.emit('reshape', { x: distances }, { shape: [this.#steppers, rivals] });
    const best = e.flat(this.#b.emit('argmin', { x: table }, {}), this.#steppers);
    const row = this.#b.emit('iota', {}, { size: this.#steppers });
    const pair = e.add(e.mul(row, this.#b.constant(intTensor([1], [rivals]))), best);
    const finitePairs = this.#b.emit(
      'reshape',
      { x: this.#b.emit('is_finite', { x: norm }, {}) },
      { shape: [this.#steppers, rivals] },
    );
    const distance = e.rows(distances, pair);
    return {
      normal: e.rows(w, pair),
      normNormal: e.rows(norm, pair),
      distance,
      exists: e.less(distance, e.number(NO_FACE)),
      finite: e.flat(e.all(finitePairs), this.#steppers),
    };
  }
}

interface Visit {
  /** k̂(x0): [N] */
  readonly original: ValueId;
  /** The classes besides the original one: [N, K − 1]. */
  readonly candidates: ValueId;
  readonly rivals: number;
}

interface Pairs {
  /** [pairs, …image] */
  readonly w: ValueId;
  /** [pairs, 1] */
  readonly gap: ValueId;
  readonly dim: BatchDim;
}

interface Nearest {
  /** w'_l̂: [M, …image] */
  readonly normal: ValueId;
  /** ‖w'_l̂‖_q: [M] */
  readonly normNormal: ValueId;
  /** |f'_l̂| / ‖w'_l̂‖_q: [M] */
  readonly distance: ValueId;
  /** Whether any face has a normal. */
  readonly exists: ValueId;
  /** Whether every gradient is finite. */
  readonly finite: ValueId;
}
