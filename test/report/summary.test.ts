import { expect, it } from 'vitest';
import { formatSummary } from '../../src-ts/report/summary.ts';
import { SUMMARY } from './rows.ts';

it('tells everything, and what the mean leaves out', () => {
  expect(formatSummary(SUMMARY)).toBe(
    `DeepFool on lenet.onnx, images 0:100 of data/mnist (test)

  images           100, correctly classified or not
  fooled           97 of 100 (97 %); 2 exhausted, 1 failed (a.jpg: JPEG is truncated)
  ρ, p = 2         mean 0.1291, median 0.1289, over 97 images; 3 left out: 2 exhausted, 1 failed
  steps            2.91 on average, 9 gradients each
  top-1 accuracy   99 %
  outside [0, 1]   95 of 97 adversarial images (--bounds 0,1 keeps them in)
  speed            40 images/s, 2.5 s in all
  device           llvmpipe (software)
  settings         overshoot 0.02, candidates 10, max steps 50, stabilizer 0, no bounds, batch 64, tuning default 4f53cda1
  notes            fixed batch of 1 made N
                   batch 8 instead of 64
  results          r.ndjson
`,
  );
});

it('tells normalisation, bounds, target and the images that were left out', () => {
  const text = formatSummary({
    ...SUMMARY,
    norm: 'inf',
    lazy: 1.5,
    products_per_step: 3.456,
    bounds: [0, 1],
    target: 3,
    mean: [0.5],
    std: [0.25],
    rho_input_mean: 0.5,
    only_correct: true,
    skipped: 4,
    interrupted: true,
    leaves_unit_range: 0,
  });
  expect(text).toContain('(test), stopped early\n');
  expect(text).toContain('100, the correctly classified ones; 4 others left out\n');
  expect(text).toContain('ρ, p = inf ');
  expect(text).toContain('ρ of the input   mean 0.5, of normalised images and perturbations\n');
  expect(text).toContain('0 of 97 adversarial images\n');
  expect(text).toContain('2.91 on average, 3.46 gradients each\n');
  expect(text).toContain('candidates 10, lazy 1.5, max steps 50');
  expect(text).toContain(
    'bounds 0,1, target 3, mean 0.5, std 0.25, batch 64, tuning default 4f53cda1\n',
  );
});

it('does not average what is not there', () => {
  const text = formatSummary({
    ...SUMMARY,
    fooled: 0,
    exhausted: 99,
    fooling_rate: 0,
    rho_mean: null,
    rho_median: null,
    steps_mean: null,
    products_per_step: null,
    accuracy: null,
  });
  expect(text).toContain('– (no image was fooled)');
  expect(text).toContain('100, whatever their label');
  expect(text).not.toContain('top-1');
});
