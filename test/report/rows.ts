// Literal rows for the tests of reports.
import type { ResultRow } from '../../src-ts/report/row.ts';
import type { Summary } from '../../src-ts/report/summary.ts';

export function row(index: number, facts: Partial<ResultRow> = {}): ResultRow {
  return {
    index,
    source: `image ${index}`,
    label: 1,
    predicted: 1,
    adversarial: 2,
    status: 'fooled',
    steps: 3,
    products: 27,
    rho: 0.25,
    min: 0,
    max: 1,
    error: null,
    ...facts,
  };
}

export function unfooled(index: number, status: 'exhausted' | 'stalled' | 'failed'): ResultRow {
  const error = status === 'failed' ? 'JPEG is truncated' : null;
  return row(index, { status, adversarial: null, rho: null, min: null, max: null, error });
}

export const SUMMARY: Summary = {
  images: 100,
  fooled: 97,
  exhausted: 2,
  stalled: 0,
  failed: 1,
  skipped: 0,
  fooling_rate: 0.97,
  rho_mean: 0.129134,
  rho_median: 0.1289,
  rho_input_mean: null,
  rho_refined_mean: null,
  survives_8bit: null,
  rho_quantized_mean: null,
  quantized_scale_mean: null,
  quantized_scale_max: null,
  saved: 0,
  rho_saved_mean: null,
  rho_left_out: 3,
  steps_mean: 2.9072,
  products_per_step: 9,
  accuracy: 0.99,
  leaves_unit_range: 95,
  first_error: 'a.jpg: JPEG is truncated',
  seconds: 2.5,
  images_per_second: 40,
  device: 'llvmpipe (software)',
  tuning: 'default 4f53cda1',
  epsilon: null,
  method: 'deepfool',
  norm: 2,
  overshoot: 0.02,
  candidates: 10,
  lazy: null,
  max_steps: 50,
  stabilizer: 0,
  bounds: null,
  target: null,
  mean: null,
  std: null,
  quantize: false,
  only_correct: false,
  batch: 64,
  model: 'models/lenet.onnx',
  data: 'data/mnist',
  split: 'test',
  range: '0:100',
  out: 'r.ndjson',
  contact_sheet: null,
  save_images: null,
  interrupted: false,
  notes: ['fixed batch of 1 made N', 'batch 8 instead of 64'],
};
