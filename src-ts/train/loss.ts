// Softmax cross-entropy of a batch: the loss of each image, whether it is misclassified, and the gradient
// by the logits, (softmax − one-hot) / images.
import type { ValueId } from '../graph/op-set.ts';
import { intTensor } from '../core/tensor.ts';
import type { Expressions } from '../ops/expressions.ts';

export interface Loss {
  /** −log of the probability of each image's label: [N, 1]. */
  readonly each: ValueId;
  /** 1 where the largest logit is not the label's, else 0: int32 [N, 1]. */
  readonly wrong: ValueId;
  /** Gradient of `share` × the sum over images by the logits: [N, classes]. */
  readonly cotangent: ValueId;
}

/** The loss of logits [N, classes] for labels [N, 1]; `share` is one number, 1 / images. */
export function softmaxCrossEntropy(
  e: Expressions,
  logits: ValueId,
  labels: ValueId,
  share: ValueId,
): Loss {
  const { builder } = e;
  const classes = builder.typeOf(logits).shape[1] as number;
  const row = builder.constant(intTensor([1, classes], [...Array(classes).keys()]));
  const isLabel = e.equal(labels, row);
  const sum = (x: ValueId): ValueId => builder.emit('reduce_sum', { x }, { axes: [1] });
  const largest = builder.emit('reduce_max', { x: logits }, { axes: [1] });
  const shifted = e.sub(logits, largest); // so that no exponential overflows
  const total = builder.emit('log', { x: sum(builder.emit('exp', { x: shifted }, {})) }, {});
  const own = sum(e.where(isLabel, shifted, e.number(0)));
  const predicted = builder.emit('argmax', { x: logits }, {});
  const softmax = builder.emit('softmax', { x: logits }, { axis: 1 });
  return {
    each: e.sub(total, own),
    wrong: e.toInt(builder.emit('not', { x: e.equal(predicted, labels) }, {})),
    cotangent: e.mul(e.sub(softmax, e.toFloat(isLabel)), share),
  };
}
