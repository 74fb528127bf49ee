import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError, ImageError, OptionError } from '../../src-ts/core/errors.ts';
import { type Dataset, openDataset } from '../../src-ts/data/dataset.ts';
import { png, put, putTar, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();

async function list(dataset: Dataset): Promise<[string, number | null][]> {
  const samples = Array.from({ length: dataset.length }, (_, index) => dataset.load(index));
  return (await Promise.all(samples)).map(({ source, label }) => [source, label]);
}

async function putImages(root: string, names: readonly string[]): Promise<string> {
  for (const [index, name] of names.entries()) await put(join(root, name), png(index));
  return root;
}

describe('class folders', () => {
  test('are ordered by class, then by name, in code-unit order, and labelled by class', async () => {
    // As whole paths `cat-big/…` would come before `cat/…`; as class names it comes after.
    const names = ['cat/b.png', 'cat/a.png', 'cat-big/a.png', 'Zebra/10.png', 'Zebra/9.PNG'];
    const dataset = await openDataset(await putImages(join(folder.path, 'order'), names));
    expect(dataset).toMatchObject({ format: 'class folders', split: null, imageShape: null });
    expect(dataset.classNames).toEqual(['Zebra', 'cat', 'cat-big']);
    expect(await list(dataset)).toEqual([
      ['Zebra/10.png', 0],
      ['Zebra/9.PNG', 0],
      ['cat/a.png', 1],
      ['cat/b.png', 1],
      ['cat-big/a.png', 2],
    ]);
  });

  test('count even when empty, so that the labels of the others stay', async () => {
    const root = await putImages(join(folder.path, 'empty-class'), [
      'b/x.png',
      'b/y.png',
      'c/z.png',
    ]);
    await put(join(root, 'a', 'readme.txt'), '');
    const dataset = await openDataset(root);
    expect(dataset.classNames).toEqual(['a', 'b', 'c']);
    expect(await list(dataset)).toEqual([
      ['b/x.png', 1],
      ['b/y.png', 1],
      ['c/z.png', 2],
    ]);
  });

  test('may be links, as in subsets of larger sets', async () => {
    const real = await putImages(join(folder.path, 'real'), ['a/x.png', 'b/y.png']);
    const linked = await putImages(join(folder.path, 'linked'), ['c/z.png']);
    await symlink(join(real, 'a'), join(linked, 'a'));
    await symlink(join(real, 'b', 'y.png'), join(linked, 'c', 'y.png'));
    expect(await list(await openDataset(linked))).toEqual([
      ['a/x.png', 0],
      ['c/y.png', 1],
      ['c/z.png', 1],
    ]);
  });

  test('are read without hidden files and the twins macOS leaves', async () => {
    const names = ['a/x.png', 'a/._x.png', '.git/z.png', '__MACOSX/a/x.png', 'b/y.png'];
    const dataset = await openDataset(await putImages(join(folder.path, 'hidden'), names));
    expect((await list(dataset)).map(([source]) => source)).toEqual(['a/x.png', 'b/y.png']);
  });

  test('may hold their images one folder further down', async () => {
    const names = ['b/images/x.png', 'a/images/y.png'];
    expect(
      await list(await openDataset(await putImages(join(folder.path, 'deep'), names))),
    ).toEqual([
      ['a/images/y.png', 0],
      ['b/images/x.png', 1],
    ]);
  });

  test('are found, with their splits, inside a folder that wraps them', async () => {
    const names = ['set-1/train/a/x.png', 'set-1/train/b/y.png', 'set-1/test/b/z.png'];
    const root = await putImages(join(folder.path, 'wrapped'), names);
    const train = await openDataset(root, { split: 'train' });
    expect(train.split).toBe('train');
    expect(await list(train)).toEqual([
      ['a/x.png', 0],
      ['b/y.png', 1],
    ]);
  });

  test('are refused when images lie at several depths, which makes the class a guess', async () => {
    const beside = await putImages(join(folder.path, 'beside'), ['a/x.png', 'loose.png']);
    await expect(openDataset(beside)).rejects.toThrow(
      `${beside}: expected images at one depth (all as class/image, or all in one folder), ` +
        'got "a/x.png" and "loose.png"',
    );
    const below = await putImages(join(folder.path, 'below'), ['a/x.png', 'b/c/y.png']);
    await expect(openDataset(below)).rejects.toThrow('got "a/x.png" and "b/c/y.png"');
  });
});

describe('a folder with splits', () => {
  test('opens the split that was asked for, by any of its spellings', async () => {
    const root = await putImages(join(folder.path, 'splits'), ['train/a/x.png', 'valid/a/y.png']);
    await put(join(root, 'valid', 'a', 'z.png'), png(1));
    const byDefault = await openDataset(root);
    expect(byDefault).toMatchObject({ split: 'val', path: join(root, 'valid'), length: 2 });
    expect(await openDataset(root, { split: 'validation' })).toMatchObject({ split: 'val' });
    expect(await openDataset(root, { split: 'train' })).toMatchObject({
      split: 'train',
      length: 1,
    });
    await expect(openDataset(root, { split: 'test' })).rejects.toThrow(
      new OptionError(`${root}: expected a split that is there (train, val), got "test"`),
    );
  });

  test('may hold them as tar files', async () => {
    const root = join(folder.path, 'tars');
    await putTar(join(root, 'train.tar'), [['train/a/x.png', png(0)]]);
    await putTar(join(root, 'test.tar'), [
      ['test/a/y.png', png(0)],
      ['test/b/z.png', png(0)],
    ]);
    const dataset = await openDataset(root, { split: 'test' });
    expect(dataset).toMatchObject({ format: 'tar of class folders', split: 'test' });
    expect(dataset.path).toBe(join(root, 'test.tar'));
    expect(await list(dataset)).toEqual([
      ['a/y.png', 0],
      ['b/z.png', 1],
    ]);
  });

  test('is not seen where one class happens to be called train', async () => {
    const root = await putImages(join(folder.path, 'rail'), ['plane/x.png', 'train/y.png']);
    expect((await openDataset(root)).classNames).toEqual(['plane', 'train']);
    await expect(openDataset(root, { split: 'train' })).rejects.toThrow(
      `${root}: expected no split, since this is one data set (class folders), got "train"`,
    );
  });
});

describe('a flat folder', () => {
  test('has no labels and is ordered by name', async () => {
    const root = await putImages(join(folder.path, 'flat'), ['b.png', 'a.png', 'B.png']);
    await put(join(root, 'notes.txt'), '');
    const dataset = await openDataset(root);
    expect(dataset).toMatchObject({ format: 'folder of images', classNames: null });
    expect(await list(dataset)).toEqual([
      ['B.png', null],
      ['a.png', null],
      ['b.png', null],
    ]);
  });

  test('may lie in a folder of its own, which is no class', async () => {
    const root = await putImages(join(folder.path, 'alone'), ['images/a.png', 'images/b.png']);
    const dataset = await openDataset(root);
    expect(dataset).toMatchObject({ format: 'folder of images', classNames: null });
    expect(await list(dataset)).toEqual([
      ['a.png', null],
      ['b.png', null],
    ]);
  });

  test('hands its options to the decoder', async () => {
    const root = join(folder.path, 'options');
    await put(join(root, 'wide.png'), png(51, 8, 4));
    const { shape, pixels } = await (
      await openDataset(root)
    ).load(0, {
      resize: 2,
      crop: 2,
      channels: 3,
    });
    expect(shape).toEqual([3, 2, 2]);
    expect(pixels[0]).toBe(Math.fround(0.2));
  });

  test('goes on working when one image does not', async () => {
    const root = await putImages(join(folder.path, 'broken'), ['a.png', 'c.png']);
    const broken = await put(join(root, 'b.png'), 'not an image');
    const dataset = await openDataset(root);
    await expect(dataset.load(1)).rejects.toThrow(ImageError);
    await expect(dataset.load(1)).rejects.toMatchObject({ path: broken });
    expect((await dataset.load(2)).source).toBe('c.png');
  });

  test('may be one image', async () => {
    const path = await put(join(folder.path, 'cat.png'), png(255));
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'image', length: 1 });
    expect(await dataset.load(0)).toMatchObject({ source: 'cat.png', label: null });
  });
});

describe('a path that holds no data set', () => {
  test('is named when nothing is there', async () => {
    const path = join(folder.path, 'nowhere');
    await expect(openDataset(path)).rejects.toThrow(
      new DataError(`${path}: expected a data set, found no such file or folder`),
    );
  });

  test('is told what was looked for and what was found', async () => {
    const root = join(folder.path, 'papers');
    await put(join(root, 'deepfool.pdf'), '');
    await expect(openDataset(root)).rejects.toThrow(
      `${root}: expected a data set, found deepfool.pdf\n  looked for IDX files`,
    );
    await put(join(folder.path, 'text'), 'hello');
    await expect(openDataset(join(folder.path, 'text'))).rejects.toThrow(
      'expected IDX, CIFAR binary (.bin), tar, tar.gz, or one image, got none of them',
    );
    await put(join(folder.path, 'void'), '');
    await expect(openDataset(join(folder.path, 'void'))).rejects.toThrow('got an empty file');
  });
});
