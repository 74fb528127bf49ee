// Slice, for values of the graph and for lists of sizes.
import type { Dim } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { dimsValue, type Value } from '../value.ts';
import { axesFrom } from './compose.ts';

export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

/** `x` cut along some axes, whole along the others. */
export function sliceValue(x: Value, cuts: readonly Cut[], at: NodeContext): Value {
  const { shape } = x.type;
  const ranges = shape.map(() => ({ start: 0, step: 1 }));
  const sizes: Dim[] = [...shape];
  for (const { axis, start, step, size } of cuts) {
    if (size < 0) at.fail(`it cuts dimension ${axis} to ${size}`);
    ranges[axis] = { start, step };
    sizes[axis] = size;
  }
  const whole = cuts.every(
    ({ axis, start, step, size }) => start === 0 && step === 1 && size === shape[axis],
  );
  return whole ? x : at.emit('slice', { x }, { ranges, sizes });
}

/** Bounds are inputs, or attributes before opset 10; both are clamped to the dimension. */
export const Slice = defineRule(
  ['data', 'starts?', 'ends?', 'axes?', 'steps?'],
  { starts: 'ints', ends: 'ints', axes: 'ints' },
  (inputs, listed, at) => {
    const { data } = inputs;
    const list = (name: 'starts' | 'ends' | 'axes' | 'steps'): readonly number[] | undefined => {
      const value = inputs[name];
      if (value !== undefined) return at.numbers(value, name);
      return name === 'steps' ? undefined : listed[name];
    };
    const starts = list('starts');
    const ends = list('ends');
    if (starts === undefined || ends === undefined) return at.fail('its bounds are missing');
    const { shape } = data.type;
    const axes = list('axes') ?? axesFrom(0, starts.length);
    const steps = list('steps') ?? axes.map(() => 1);
    if (ends.length !== starts.length || axes.length !== starts.length) {
      at.fail(`${starts.length} starts, ${ends.length} ends, ${axes.length} axes`);
    }
    const cuts = axes.flatMap((named, i) => {
      const axis = at.axis(named, shape.length);
      const bounds = { start: starts[i]!, end: ends[i]!, step: steps[i] ?? 1 };
      const cut = cutOf(shape[axis]!, bounds, at);
      return cut === null ? [] : [{ axis, ...cut }];
    });
    if (data.kind !== 'dims') return sliceValue(data, cuts, at);
    const [cut] = cuts;
    if (cut === undefined) return data;
    const picked = Array.from({ length: cut.size }, (_, i) => data.dims[cut.start + i * cut.step]!);
    return dimsValue(picked, 1, data.type.dtype);
  },
);

/** The part of a dimension between bounds; null for all of it, which is all a batch allows. */
function cutOf(
  dim: Dim,
  { start, end, step }: { start: number; end: number; step: number },
  at: NodeContext,
): Omit<Cut, 'axis'> | null {
  if (!Number.isInteger(step) || step === 0) return at.fail(`step ${step}`);
  if (typeof dim !== 'number') {
    if (start === 0 && step === 1 && end >= at.batch.size * dim.times) return null;
    return at.fail('it cuts the batch: the images of a batch would not be independent');
  }
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? dim : dim - 1;
  const clamp = (bound: number): number =>
    Math.min(high, Math.max(low, bound < 0 ? bound + dim : bound));
  const from = Math.min(Math.max(start < 0 ? start + dim : start, 0), high);
  const to = clamp(end);
  return { start: from, step, size: Math.max(0, Math.ceil((to - from) / step)) };
}
