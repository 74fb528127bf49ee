import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError, ImageError } from '../../src-ts/core/errors.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { png, put, putTar, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();
const LONG = `${'long'.repeat(60)}.png`; // beyond the 100 bytes of a plain header

describe('a tar of class folders', () => {
  for (const extension of ['tar', 'tar.gz', 'tgz']) {
    test(`reads the right bytes for each name (.${extension})`, async () => {
      const path = await putTar(join(folder.path, `set.${extension}`), [
        ['./set/', null],
        ['./set/zoo/', null],
        ['./set/zoo/2.png', png(255)],
        ['./set/notes.txt', Buffer.from('skipped')],
        ['./set/bar/1.png', png(51)],
        ['./set/empty/', null],
      ]);
      const dataset = await openDataset(path);
      expect(dataset).toMatchObject({ format: 'tar of class folders', length: 2, split: null });
      expect(dataset.classNames).toEqual(['bar', 'empty', 'zoo']);
      const [first, second] = await Promise.all([dataset.load(0), dataset.load(1)]);
      expect(first).toMatchObject({ source: 'bar/1.png', label: 0, shape: [3, 2, 2] });
      expect(first.pixels[3]).toBe(Math.fround(0.2));
      expect(second).toMatchObject({ source: 'zoo/2.png', label: 2 });
      expect(second.pixels[3]).toBe(1);
    });
  }

  test('keeps names that need an extended header', async () => {
    const path = await putTar(join(folder.path, 'long.tar'), [[LONG, png(51)]]);
    const sample = await (await openDataset(path)).load(0);
    expect(sample.source).toBe(LONG);
    expect(sample.pixels[0]).toBe(Math.fround(0.2));
  });

  test('follows hard links and lets the later of two members win', async () => {
    const path = await putTar(join(folder.path, 'links.tar'), [
      ['a/1.png', png(0)],
      ['a/1.png', png(255)],
      ['b/2.png', 'a/1.png'],
    ]);
    const dataset = await openDataset(path);
    expect(dataset.length).toBe(2);
    expect((await dataset.load(0)).pixels[0]).toBe(1);
    expect(await dataset.load(1)).toMatchObject({ source: 'b/2.png', label: 1 });
  });

  test('leaves out members that point outside', async () => {
    const path = await putTar(join(folder.path, 'escape.tar'), [
      ['../../etc/1.png', png(0)],
      ['a/2.png', png(0)],
      ['b/3.png', png(0)],
    ]);
    const dataset = await openDataset(path);
    expect(dataset.classNames).toEqual(['a', 'b']);
    expect((await dataset.load(0)).source).toBe('a/2.png');
  });

  test('may hold splits', async () => {
    const path = await putTar(join(folder.path, 'all.tar'), [
      ['all/train/a/1.png', png(0)],
      ['all/train/b/2.png', png(0)],
      ['all/test/b/3.png', png(0)],
      ['all/test/a/', null],
    ]);
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ split: 'test', length: 1, classNames: ['a', 'b'] });
    expect(await dataset.load(0)).toMatchObject({ source: 'b/3.png', label: 1 });
    expect(await openDataset(path, { split: 'train' })).toMatchObject({ length: 2 });
  });

  test('names archive and member when an image does not decode', async () => {
    const path = await putTar(join(folder.path, 'broken.tar'), [
      ['a/1.png', Buffer.from('not an image')],
    ]);
    const loading = (await openDataset(path)).load(0);
    await expect(loading).rejects.toThrow(ImageError);
    await expect(loading).rejects.toMatchObject({ path: `${path}: a/1.png` });
  });
});

describe('a tar without folders', () => {
  test('has no labels', async () => {
    const path = await putTar(join(folder.path, 'flat.tar'), [
      ['b.png', png(0)],
      ['a.png', png(0)],
    ]);
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'tar of images', classNames: null });
    expect(await dataset.load(0)).toMatchObject({ source: 'a.png', label: null });
  });
});

describe('an archive that cannot be used', () => {
  test('is refused when it is cut short', async () => {
    for (const extension of ['tar', 'tar.gz']) {
      const whole = await putTar(join(folder.path, `whole.${extension}`), [
        ['a/1.png', png(0, 300, 300)],
        ['a/2.png', png(1, 300, 300)],
      ]);
      const bytes = await readFile(whole);
      const cut = extension === 'tar' ? 600 : bytes.length - 20;
      const path = await put(join(folder.path, `cut.${extension}`), bytes.subarray(0, cut));
      await expect(openDataset(path)).rejects.toThrow(DataError);
      await expect(openDataset(path)).rejects.toThrow(`${path}: expected a whole tar archive`);
    }
  });

  test('is refused when it is tar by name only', async () => {
    const path = await put(join(folder.path, 'name.tar'), 'x'.repeat(2000));
    await expect(openDataset(path)).rejects.toThrow(`${path}: expected a whole tar archive`);
  });

  test('is refused when it holds no image', async () => {
    const path = await putTar(join(folder.path, 'text.tar'), [['a.txt', Buffer.from('a')]]);
    await expect(openDataset(path)).rejects.toThrow(
      new DataError(`${path}: expected a tar of images, found none in it`),
    );
  });
});
