// Equality with PIL on real files: 224-pixel crops of ImageNet photographs byte for byte, and what PIL
// made of well-formed, odd and hostile files. The files lie outside the repository, in the folder
// DEEPFOOL_SHARED (default: ../shared).

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  decodeImage,
  loadImages,
  loadImageTensor,
  loadImageTensors,
} from '../../src-ts/data/image.ts';

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

  // Where python3 has PIL, it is asked itself: all photographs, both filters.
  const python = present ? runPil(join(photographs, 'images')) : null;
  for (const filter of python === null ? [] : (['bilinear', 'bicubic'] as const)) {
    it(`${filter}: every byte of every photograph is what PIL computes here`, async () => {
      const names = Object.keys(python!);
      const paths = names.map((name) => join(photographs, 'images', name));
      const { data, shape } = await loadImages(paths, {
        ...IMAGENET,
        ...({ filter, layout: 'nhwc', dtype: 'uint8' } as const),
      });
      const slot = data.length / shape[0];
      const ours = names.map((_, i) => hashOf(data.subarray(i * slot, (i + 1) * slot)));
      expect(ours).toEqual(names.map((name) => python![name]![filter]));
    });
  }

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

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const PIL_PROGRAM = `
import hashlib, json, os, sys
from PIL import Image
answer = {}
for name in sorted(os.listdir(sys.argv[1])):
    image = Image.open(os.path.join(sys.argv[1], name)).convert('RGB')
    w, h = image.size
    size = (256, 256 * h // w) if w <= h else (256 * w // h, 256)
    x, y = (int(round((side - 224) / 2.0)) for side in size)
    answer[name] = {
        key: hashlib.sha256(image.resize(size, filter).crop((x, y, x + 224, y + 224)).tobytes()).hexdigest()
        for key, filter in (('bilinear', Image.BILINEAR), ('bicubic', Image.BICUBIC))
    }
print(json.dumps(answer))
`;

/** Hashes of the crops that PIL makes, by file and filter; null where there is no PIL. */
function runPil(folder: string): Record<string, Record<string, string>> | null {
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', PIL_PROGRAM, folder], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (status === 0) return JSON.parse(stdout) as Record<string, Record<string, string>>;
  }
  return null;
}
