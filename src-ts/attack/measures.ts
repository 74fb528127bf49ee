// What is measured of each image on the device, so that only a few numbers come back: norms of the
// perturbation and of the image, in the measured space and in the network's, and the range of x.
import { floatTensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';
import { normOf } from './norms.ts';

export type MeasureName =
  'l2' | 'linf' | 'lp' | 'x_l2' | 'x_linf' | 'x_lp' | 'input_lp' | 'input_x_lp' | 'min' | 'max';

export interface Measured {
  readonly x0: ValueId;
  readonly x: ValueId;
  /** r before the overshoot: r̂ = (1 + η) r. */
  readonly r: ValueId;
  readonly norm: number;
  readonly overshoot: number;
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
}

/** The measures of each row, as columns: [rows, names]. */
export function measure(
  e: Expressions,
  { x0, x, r, norm: p, overshoot, mean, std }: Measured,
): { readonly values: ValueId; readonly names: readonly MeasureName[] } {
  const reach = e.number(1 + overshoot);
  const lists: [MeasureName, ValueId][] = [
    ['l2', e.mul(normOf(e, r, 2), reach)],
    ['linf', e.mul(normOf(e, r, Infinity), reach)],
    ['x_l2', normOf(e, x0, 2)],
    ['x_linf', normOf(e, x0, Infinity)],
    ['min', e.reduce('reduce_min', x)],
    ['max', e.reduce('reduce_max', x)],
  ];
  if (p !== 2 && p !== Infinity) {
    lists.push(['lp', e.mul(normOf(e, r, p), reach)], ['x_lp', normOf(e, x0, p)]);
  }
  if (mean !== null && std !== null) {
    const perChannel = (values: readonly number[]): ValueId =>
      e.builder.constant(floatTensor([values.length, 1, 1], values));
    const scale = perChannel(std);
    const input = e.div(e.sub(x0, perChannel(mean)), scale);
    lists.push(['input_lp', e.mul(normOf(e, e.div(r, scale), p), reach)]);
    lists.push(['input_x_lp', normOf(e, input, p)]);
  }
  const dim = e.batchOf(x0);
  const columns = lists.map(([, list], k) => [`x${k}`, e.column(list, dim)] as const);
  const values = e.builder.emit('concat', Object.fromEntries(columns), { axis: 1 });
  return { values, names: lists.map(([name]) => name) };
}
