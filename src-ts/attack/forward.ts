// The classifier as an attack runs it: behind its normalisation, with at least two logits, and for
// models that take one image at a time, for the one image of the batch.
import type { BatchDim } from '../core/shape.ts';
import { floatTensor } from '../core/tensor.ts';
import { outputNamed, typeOf, type Graph } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from '../ops/expressions.ts';
import type { ResolvedOptions } from './options.ts';

export interface Forward {
  /** What the model's input depends on, and gradients are taken with respect to. */
  readonly x: ValueId;
  /** The logits an attack compares: those of the model, or (0, f) for a binary one: [N, classes]. */
  readonly logits: ValueId;
  readonly classes: number;
  /** The same logits of a model that takes one image at a time, as it gives them: [1, classes]. */
  readonly single: ValueId | null;
}

/** Whether a model takes one image at a time. */
export function takesOneImage(model: Graph): boolean {
  return typeOf(model, model.inputs[0]!.id).shape[0] === 1;
}

/** Appends the model to a graph, on images x [N, C, H, W]. */
export function buildForward(
  builder: GraphBuilder,
  model: Graph,
  { mean, std }: Pick<ResolvedOptions, 'mean' | 'std'>,
  x: ValueId,
  images: BatchDim,
): Forward {
  const e = new Expressions(builder);
  const single = takesOneImage(model);
  const seen = single ? e.rows(x, e.int(0)) : x;
  let image = seen;
  if (mean !== null && std !== null) {
    const perChannel = (values: readonly number[]): ValueId =>
      builder.constant(floatTensor([values.length, 1, 1], values));
    image = e.div(e.sub(seen, perChannel(mean)), perChannel(std));
  }
  const moved = builder.inline(model, { [model.inputs[0]!.name]: image });
  let logits = moved.get(outputNamed(model, 'logits'))!;
  if (builder.typeOf(logits).shape[1] === 1) {
    logits = builder.emit('pad', { x: logits }, { before: [0, 1], after: [0, 0], value: 0 });
  }
  const classes = builder.typeOf(logits).shape[1] as number;
  if (!single) return { x: seen, logits, classes, single: null };
  const all = builder.emit('expand', { x: logits }, { shape: [images, classes] });
  return { x: seen, logits: all, classes, single: logits };
}
