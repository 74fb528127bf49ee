import { expect, it } from 'vitest';
import { Tally } from '../../src-ts/report/tally.ts';
import { row, unfooled } from './rows.ts';

it('averages ρ and steps over the fooled images and counts the others', () => {
  const tally = new Tally();
  tally.add(row(0, { rho: 0.1, steps: 1, products: 9, rho_input: 0.5 }));
  tally.add(row(1, { rho: 0.2, steps: 2, products: 4, rho_input: 0.25, label: 7 }));
  tally.add(row(2, { rho: 0.6, steps: 6, products: 20, max: 1.01, label: null }));
  tally.add(row(3, { rho: null, steps: 3, min: -0.001 })); // a black image
  tally.add(unfooled(4, 'exhausted'));
  tally.add(unfooled(5, 'failed'));
  tally.skip(row(6, { label: 3 }));
  expect(tally.totals()).toEqual({
    images: 6,
    fooled: 4,
    exhausted: 1,
    stalled: 0,
    failed: 1,
    skipped: 1,
    fooling_rate: 4 / 6,
    rho_mean: expect.closeTo(0.3, 12) as number,
    rho_median: 0.2,
    rho_input_mean: 0.375,
    rho_refined_mean: null,
    survives_8bit: null,
    rho_quantized_mean: null,
    quantized_scale_mean: null,
    quantized_scale_max: null,
    saved: 0,
    rho_saved_mean: null,
    rho_left_out: 3,
    steps_mean: 3,
    products_per_step: 5,
    accuracy: 4 / 6,
    leaves_unit_range: 2,
    first_error: 'image 5: JPEG is truncated',
  });
});

it('has null where there is nothing to average', () => {
  const totals = new Tally().totals();
  const { fooling_rate, rho_mean, rho_median, steps_mean, products_per_step, accuracy } = totals;
  const means = [fooling_rate, rho_mean, rho_median, steps_mean, products_per_step, accuracy];
  expect(means).toEqual(Array(6).fill(null));
});

it('takes the middle of an even count as the mean of two', () => {
  const tally = new Tally();
  for (const rho of [0.4, 0.1, 0.2, 0.8]) tally.add(row(0, { rho }));
  expect(tally.totals().rho_median).toBeCloseTo(0.3, 12);
});

it('counts what survives 8 bits, and none where someone looked', () => {
  const tally = new Tally();
  tally.add(row(0, { survives_8bit: true, quantized_scale: 1.5, quantized_rho: 0.4 }));
  tally.add(row(1, { survives_8bit: true, quantized_scale: 1, quantized_rho: 0.2 }));
  tally.add(row(2, { survives_8bit: false, saved_as: '2.png', saved_rho: 0.3 }));
  expect(tally.totals()).toMatchObject({
    ...{ survives_8bit: 2, quantized_scale_mean: 1.25, quantized_scale_max: 1.5 },
    ...{ rho_quantized_mean: expect.closeTo(0.3, 12) as number, saved: 1, rho_saved_mean: 0.3 },
  });
  const none = new Tally();
  none.add(row(0, { survives_8bit: null }));
  expect(none.totals().survives_8bit).toBe(0);
});
