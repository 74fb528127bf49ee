import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decodeImage } from '../../src-ts/data/image.ts';
import { magnify } from '../../src-ts/report/bitmap.ts';
import { ContactSheet, requireSheetPath } from '../../src-ts/report/contact-sheet.ts';
import { temporaryFolder } from '../data/fixtures.ts';
import { row, unfooled } from './rows.ts';

const folder = temporaryFolder();
const TITLES = {
  model: 'models/lenet.onnx',
  norm: 2,
  images: 20,
  fooled: 19,
  fooling_rate: 0.95,
  rho_mean: 0.0123,
  steps_mean: 2.4,
};

function sheetOf(images: number, shape: readonly [number, number, number]): ContactSheet {
  const sheet = new ContactSheet(shape);
  const size = shape[0] * shape[1] * shape[2];
  for (let index = 0; index < images; index++) {
    const pixels = new Float32Array(size).fill(0.25);
    const adversarial = new Float32Array(size).fill(0.5);
    sheet.offer({ record: row(index, { predicted: index % 3 }), image: { pixels }, adversarial });
  }
  return sheet;
}

it('draws a dozen at most, three in a row when they are small', async () => {
  const bytes = await sheetOf(20, [1, 28, 28]).render(TITLES, ['zero', 'one, or un', 'two']);
  const { width, height } = await decodeImage(bytes);
  expect([width, height]).toEqual([2752, 1868]);
});

it('draws photographs two in a row', async () => {
  const bytes = await sheetOf(3, [3, 224, 224]).render(TITLES, null);
  const { width, height } = await decodeImage(bytes);
  expect([width, height]).toEqual([2644, 1316]);
});

it('enlarges small images by a whole factor, pixels as squares', async () => {
  const sheet = new ContactSheet([1, 28, 28]);
  const pixels = new Float32Array(784).map((_, at) => (at + Math.floor(at / 28)) % 2);
  sheet.offer({ record: row(0), image: { pixels }, adversarial: pixels });
  const image = await decodeImage(await sheet.render(TITLES, null), { channels: 1 });
  // The first tile starts at the margin (40) and padding (16), below the head (104), two pixels a unit.
  const [left, top] = [2 * 56, 2 * 120];
  const line = image.pixels.slice(top * image.width + left, top * image.width + left + 24);
  expect([...line]).toEqual([0, 255, 0].flatMap((level) => Array<number>(8).fill(level)));
});

it('shows a class it has not shown yet before more of the same', async () => {
  const pixels = new Float32Array(4);
  const sheetWith = (same: number): ContactSheet => {
    const sheet = new ContactSheet([1, 2, 2]);
    const offer = (index: number, predicted: number): void => {
      sheet.offer({ record: row(index, { predicted }), image: { pixels }, adversarial: pixels });
    };
    for (let index = 0; index < same; index++) offer(index, 1);
    offer(99, 7);
    return sheet;
  };
  const eleven = await sheetWith(11).render(TITLES, null);
  expect(Buffer.compare(await sheetWith(30).render(TITLES, null), eleven)).toBe(0);
});

it('is empty while nothing was fooled', () => {
  const sheet = new ContactSheet([1, 2, 2]);
  sheet.offer({ record: unfooled(0, 'exhausted'), image: null, adversarial: null });
  expect(sheet.empty).toBe(true);
});

it('magnifies perturbations around mid-grey by a round factor', () => {
  const original = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const adversarial = Float32Array.of(0.5, 0.54, 0.46, 0.5);
  const { pixels, factor } = magnify({ original, adversarial });
  expect(factor).toBe(10);
  expect([...pixels].map((value) => Number(value.toFixed(3)))).toEqual([0.5, 0.9, 0.1, 0.5]);
});

it('does not stumble over a perturbation of zeros', () => {
  const image = new Float32Array(4).fill(0.5);
  expect(magnify({ original: image, adversarial: image })).toEqual({ pixels: image, factor: 1 });
});

it('writes the page whole, and refuses what it cannot write', async () => {
  const path = join(folder.path, 'sheet.png');
  await sheetOf(1, [3, 8, 8]).write(path, TITLES, null);
  expect(readFileSync(path).subarray(1, 4).toString()).toBe('PNG');
  expect(readdirSync(folder.path)).toEqual(['sheet.png']);
  await expect(requireSheetPath('a.jpg')).rejects.toThrow('ending in .png, got "a.jpg"');
  await expect(requireSheetPath(join(folder.path, 'no', 'a.png'))).rejects.toThrow(
    'its folder does not exist',
  );
});
