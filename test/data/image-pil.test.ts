// Equality with PIL on real files: 224-pixel crops of ImageNet photographs byte for byte, and what PIL
// made of well-formed, odd and hostile files. The files lie outside the repository, in the folder
// DEEPFOOL_SHARED (default: ../shared).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeImage, loadImageTensor, loadImageTensors } from '../../src-ts/data/image.ts';

const shared =
  process.env['DEEPFOOL_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const photographs = join(shared, 'data/imagenet');
const oddFiles = join(shared, 'conformance/images');
const present = existsSync(photographs) && existsSync(oddFiles);
if (!present) console.warn(`skipped: equality with PIL; no ${photographs} or ${oddFiles}`);

const IMAGENET = { resize: 256, crop: 224 };

type PilAnswer =
  | { readonly pil: 'ok'; readonly sum: readonly number[]; readonly first_row: readonly number[] }
  | { readonly pil: 'error'; readonly message: string };

// Where we differ on purpose: PIL clips 16-bit gray at 255, we keep the high byte; of an animation it
// takes the first frame unasked, as we do when asked.
const DEPARTURES: Readonly<Record<string, string>> = {
  'anim.webp': 'an animated WebP; firstFrame reads its first frame',
  'gray16.png': 'sums 6000136, 6000136, 6000136',
};

/** Per-channel sums and the first 8 pixels, as expected-pil.json has them. */
function summarise(data: Float32Array): { sum: number[]; first_row: number[] } {
  const planes = [0, 1, 2].map((c) =>
    data.subarray((c * data.length) / 3, ((c + 1) * data.length) / 3),
  );
  const level = (value: number): number => Math.round(value * 255);
  const sum = planes.map((plane) => plane.reduce((total, value) => total + level(value), 0));
  const pixels = Array.from({ length: 8 }, (_, x) => planes.map((plane) => level(plane[x]!)));
  return { sum, first_row: pixels.flat() };
}

describe.skipIf(!present)('equality with PIL', () => {
  const crops = present ? readdirSync(join(photographs, 'crops')).sort() : [];
  it.each(crops)('%s: the 256/224 crop', async (name) => {
    const original = join(photographs, 'images', name.replace('.png', '.JPEG'));
    const ours = await loadImageTensor(original, IMAGENET);
    const theirs = await loadImageTensor(join(photographs, 'crops', name));
    expect(ours.shape).toEqual(theirs.shape);
    expect(Buffer.compare(bytesOf(ours.data), bytesOf(theirs.data))).toBe(0);
  });

  const expected: Record<string, PilAnswer> = present
    ? (JSON.parse(readFileSync(join(oddFiles, 'expected-pil.json'), 'utf8')) as Record<
        string,
        PilAnswer
      >)
    : {};
  it.each(Object.entries(expected))('%s: pixels or refusal', async (name, answer) => {
    const [result] = await loadImageTensors([join(oddFiles, name)], IMAGENET);
    const departure = DEPARTURES[name];
    if (departure !== undefined) {
      const ours = result!.ok
        ? `sums ${summarise(result!.data).sum.join(', ')}`
        : result!.error.message;
      expect(ours).toContain(departure);
    } else if (answer.pil === 'error') {
      expect(result!.ok).toBe(false);
    } else {
      expect(result!.ok && summarise(result!.data)).toEqual({
        sum: answer.sum,
        first_row: answer.first_row,
      });
    }
  });

  it('an animation gives its first frame when asked', async () => {
    const path = join(oddFiles, 'anim.webp');
    const { data } = await loadImageTensor(path, { ...IMAGENET, firstFrame: true });
    const { pil, ...answer } = expected['anim.webp']!;
    expect([pil, summarise(data)]).toEqual(['ok', answer]);
  });

  it('all photographs are read, whole, in one batch', async () => {
    const folder = join(photographs, 'images');
    const paths = readdirSync(folder).map((name) => join(folder, name));
    const results = await loadImageTensors(paths, IMAGENET);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    const { width, height, pixels } = await decodeImage(paths[0]!);
    expect(pixels.length).toBe(width * height * 3);
  });
});

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
