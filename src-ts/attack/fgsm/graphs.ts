// Fast gradient sign as two graphs: the sign of the gradient, once an image, and what becomes of the
// image when ε times the sign is added, as often as ε is tried.
import { batchDim, isStatic } from '../../core/shape.ts';
import { InternalError } from '../../core/errors.ts';
import { typeOf, type Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import { Expressions } from '../../ops/expressions.ts';
import { derivativeDirection, imageGradient, saturatingDerivative } from '../cross-entropy.ts';
import { buildForward } from '../forward.ts';
import { measure, type MeasureName } from '../measures.ts';
import type { ResolvedOptions } from '../options.ts';

export const SYMBOL = 'N';
const IMAGES = batchDim(SYMBOL);

/** How the gradient's sign is found: without loss, or with float32's saturation as the paper's was. */
export type GradientForm = 'stable' | 'float32';

/**
 * From `image` [N, …] to `sign` [N, …] of ∇J at the class the model predicts, `original` [N], whether all
 * numbers were `finite` [N], and whether any gradient is `moved` [N] off zero.
 */
export function buildSignGraph(model: Graph, options: ResolvedOptions, form: GradientForm): Graph {
  const b = new GraphBuilder();
  const e = new Expressions(b);
  const image = b.input('image', pixelsOf(model));
  const forward = buildForward(b, model, options, image, IMAGES);
  const original = e.flat(b.emit('argmax', { x: forward.logits }, {}), IMAGES);
  const derive = form === 'stable' ? derivativeDirection : saturatingDerivative;
  const w = imageGradient(e, forward, derive(e, forward, original));
  const sign = e.sign(w);
  const isFinite = (x: ValueId): ValueId =>
    e.flat(e.all(b.emit('is_finite', { x: e.lines(x) }, {})), IMAGES);
  b.output('original', original);
  b.output('sign', sign);
  b.output('finite', e.and(isFinite(forward.logits), isFinite(w)));
  b.output('moved', e.greater(e.reduce('reduce_max', e.abs(sign)), e.number(0)));
  return b.finish();
}

/**
 * From `x0`, `sign` [N, …], `original` [N] and `epsilon` [1] to `x` = clip(x0 + ε · sign), its class
 * `adversarial` [N], the original one where logits are not finite, and its `measures`, whose columns are
 * also returned.
 */
export function buildShiftGraph(
  model: Graph,
  options: ResolvedOptions,
): { readonly graph: Graph; readonly measures: readonly MeasureName[] } {
  const b = new GraphBuilder();
  const e = new Expressions(b);
  const x0 = b.input('x0', pixelsOf(model));
  const sign = b.input('sign', pixelsOf(model));
  const original = b.input('original', { dtype: 'int32', shape: [IMAGES] });
  const epsilon = b.input('epsilon', { dtype: 'float32', shape: [1] });
  const shift = e.mul(sign, epsilon);
  const free = e.add(x0, shift);
  const { bounds } = options;
  const x =
    bounds === null ? free : b.emit('clip', { x: free }, { min: bounds[0], max: bounds[1] });
  const r = bounds === null ? shift : e.sub(x, x0);
  const { logits } = buildForward(b, model, options, x, IMAGES);
  const finite = e.flat(e.all(b.emit('is_finite', { x: logits }, {})), IMAGES);
  const predicted = e.flat(b.emit('argmax', { x: logits }, {}), IMAGES);
  const { values, names } = measure(e, { x0, x, r, ...options });
  b.output('x', x);
  b.output('adversarial', e.where(finite, predicted, original));
  b.output('measures', values);
  return { graph: b.finish(), measures: names };
}

function pixelsOf(model: Graph): {
  readonly dtype: 'float32';
  readonly shape: (number | typeof IMAGES)[];
} {
  const [, ...image] = typeOf(model, model.inputs[0]!.id).shape;
  if (!isStatic(image)) throw new InternalError('the model has a dynamic image size');
  return { dtype: 'float32', shape: [IMAGES, ...image] };
}
