import { expect, test } from 'vitest';
import { DataError } from '../../src-ts/core/errors.ts';
import { type Sample, requireShape } from '../../src-ts/data/sample.ts';

const sample: Sample = {
  index: 0,
  source: 'cat.png',
  label: null,
  pixels: new Float32Array(3 * 2 * 2),
  shape: [3, 2, 2],
};

test('an image of the shape the model takes passes', () => {
  expect(() => {
    requireShape(sample, { channels: 3, height: 2, width: 2 });
  }).not.toThrow();
});

test('an image of another shape is refused with both shapes and the remedy', () => {
  const prefix = 'cat.png: the model takes';
  expect(() => {
    requireShape(sample, { channels: 3, height: 4, width: 4 });
  }).toThrow(
    new DataError(
      `${prefix} 3×4×4 (channels × height × width), the image is 3×2×2\n` +
        '  scale and crop encoded images with resize and crop',
    ),
  );
  expect(() => {
    requireShape(sample, { channels: 1, height: 2, width: 2 });
  }).toThrow('convert with channels: 1');
});
