// Losses over classes, forward: log-probabilities picked by their labels, weighted and reduced.
import type { Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { axesFrom, castTo, div, mul, places, reshapeTo, sum } from './compose.ts';
import { logSoftmax } from './normalization.ts';

interface LossAttributes {
  readonly ignore_index: number | undefined;
  readonly reduction: string;
}

/** −w[t] x[t] for labels t [N, …] and log-probabilities x [N, C, …]; 0 where t is `ignore_index`. */
function pickedLoss(
  x: Value,
  labels: Value,
  weights: Value | undefined,
  { ignore_index, reduction }: LossAttributes,
  at: NodeContext,
): Value {
  const { shape } = x.type;
  const classes = at.staticDim(shape, 1);
  const behind = shape.length - 2;
  if (labels.type.shape.length !== shape.length - 1) {
    at.fail(`its labels have ${labels.type.shape.length} dimensions, scores ${shape.length}`);
  }
  const [batch, ...spatial] = labels.type.shape;
  const column: Shape = [batch!, 1, ...spatial];
  const label = reshapeTo(castTo(labels, 'int32', at), column, at);
  const isLabel = at.emit('equal', { a: label, b: places(classes, behind, at, 'int32') }, {});
  const condition = ignore_index === undefined ? isLabel : unless(isLabel, label, ignore_index, at);
  const zero = at.number(0);
  const weight =
    weights === undefined
      ? at.number(1)
      : reshapeTo(weights, [classes, ...new Array<number>(behind).fill(1)], at);
  const pick = (a: Value): Value =>
    reshapeTo(sum(at.emit('where', { condition, a, b: zero }, {}), [1], at), labels.type.shape, at);
  const losses = pick(mul(at.emit('neg', { x }, {}), weight, at));
  if (reduction === 'none') return losses;
  const total = sumAll(losses, at);
  if (reduction === 'sum') return total;
  if (reduction !== 'mean') return at.fail(`reduction "${reduction}"`);
  return div(total, sumAll(pick(weight), at), at);
}

function unless(isLabel: Value, label: Value, ignored: number, at: NodeContext): Value {
  const isIgnored = at.emit('equal', { a: label, b: at.number(ignored, 'int32') }, {});
  return at.emit('and', { a: isLabel, b: at.emit('not', { x: isIgnored }, {}) }, {});
}

const sumAll = (x: Value, at: NodeContext): Value =>
  reshapeTo(sum(x, axesFrom(0, x.type.shape.length), at), [], at);

export const NegativeLogLikelihoodLoss = defineRule(
  ['input', 'target', 'weight?'],
  { ignore_index: 'int', reduction: 'string' },
  ({ input, target, weight }, { ignore_index, reduction = 'mean' }, at) =>
    pickedLoss(input, target, weight, { ignore_index, reduction }, at),
);

export const SoftmaxCrossEntropyLoss = defineRule(
  ['scores', 'labels', 'weights?'],
  { ignore_index: 'int', reduction: 'string' },
  ({ scores, labels, weights }, { ignore_index, reduction = 'mean' }, at) => {
    const logs = logSoftmax(scores, 1, at);
    return [pickedLoss(logs, labels, weights, { ignore_index, reduction }, at), logs];
  },
);
