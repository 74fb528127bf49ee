import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { matchModel } from '../../src-ts/api/match-model.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { png, put, temporaryFolder } from '../data/fixtures.ts';
import { FLOAT, onnxFile, pattern, type PortSpec } from '../onnx/onnx-file.ts';

const folder = temporaryFolder();

beforeAll(async () => {
  await put(join(folder.path, 'a.png'), png(51, 3, 2));
});

/** A linear classifier of images with an input declared as given. */
function modelOf(numbers: number, ...shape: readonly (number | string)[]) {
  const input: PortSpec = [FLOAT, shape];
  const bytes = onnxFile({
    inputs: { x: input },
    outputs: { y: [FLOAT, ['N', 4]] },
    constants: { w: pattern(numbers, 4) },
    nodes: [
      { op: 'Flatten', in: ['x'], out: ['flat'] },
      { op: 'MatMul', in: ['flat', 'w'], out: ['y'] },
    ],
  });
  return { bytes, name: 'm.onnx' };
}

const shapeFor = async (...model: Parameters<typeof modelOf>) => {
  const { model: matched } = await matchModel(
    modelOf(...model),
    await openDataset(folder.path),
    {},
  );
  return Object.values(matched.inputShape);
};

it('gives sizes that the file leaves open those of the images', async () => {
  expect(await shapeFor(18, 'N', 3, 'h', 'w')).toEqual([3, 2, 3]);
});

it('takes images as grey where the model has one channel', async () => {
  expect(await shapeFor(6, 'N', 1, 2, 3)).toEqual([1, 2, 3]);
  expect(await shapeFor(6, 'N', 1, 'h', 'w')).toEqual([1, 2, 3]);
  expect(await shapeFor(6, 'N', 6)).toEqual([1, 2, 3]);
});

it('reads flat inputs as the images are', async () => {
  expect(await shapeFor(18, 'N', 18)).toEqual([3, 2, 3]);
});

it('refuses images of another size and says how to make them fit', async () => {
  await expect(shapeFor(3 * 224 * 224, 'N', 3, 224, 224)).rejects.toThrow(
    `m.onnx: expected images of 3 × 224 × 224 (channels × height × width), got 3 × 2 × 3: a.png of ` +
      `${folder.path}\n  add --resize 256 --crop 224`,
  );
  await expect(shapeFor(40, 'N', 4, 2, 5)).rejects.toThrow(
    'only models of grey (1 channel) or RGB (3 channels)',
  );
});
