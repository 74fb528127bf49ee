import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src-ts/core/errors.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { png, put, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();

async function labelled(name: string, labels: string, files: readonly string[], classes?: string) {
  const root = join(folder.path, name);
  await put(join(root, 'labels.csv'), labels);
  if (classes !== undefined) await put(join(root, 'classes.csv'), classes);
  for (const file of files) await put(join(root, file), png(0));
  return root;
}

describe('a folder with labels.csv', () => {
  test('orders by file name and takes labels and class names from the tables', async () => {
    const root = await labelled(
      'imagenet',
      'file,wnid,class_index,class_name\nb.png,n2,1,"fish, gold"\na.png,n1,2,shark\n',
      ['images/a.png', 'images/b.png', 'images/unlisted.png'],
      'class_index,wnid,class_name\n0,n0,tench\n2,n1,shark\n1,n2,"fish, gold"\n',
    );
    const dataset = await openDataset(root);
    expect(dataset).toMatchObject({ format: 'folder of images with labels.csv', length: 2 });
    expect(dataset.classNames).toEqual(['tench', 'fish, gold', 'shark']);
    expect(await dataset.load(0)).toMatchObject({ source: 'a.png', label: 2 });
    expect(await dataset.load(1)).toMatchObject({ source: 'b.png', label: 1 });
  });

  test('finds images beside the table and leaves what has no class unlabelled', async () => {
    const root = await labelled('beside', '\ufefffile,class_index\r\na.png,3\r\nsub/b.png,\r\n', [
      'a.png',
      'sub/b.png',
    ]);
    const dataset = await openDataset(root);
    expect(dataset.classNames).toBeNull();
    expect((await dataset.load(0)).label).toBe(3);
    expect((await dataset.load(1)).label).toBeNull();
  });

  test('lends its labels to a folder below it, converted files included', async () => {
    const root = await labelled('lend', 'file,class_index\na.JPEG,3\nb.JPEG,4\n', [
      'crops/b.png',
      'crops/a.png',
      'crops/new.png',
    ]);
    const dataset = await openDataset(join(root, 'crops'));
    expect(dataset.length).toBe(3);
    expect(await dataset.load(0)).toMatchObject({ source: 'a.png', label: 3 });
    expect(await dataset.load(1)).toMatchObject({ source: 'b.png', label: 4 });
    expect(await dataset.load(2)).toMatchObject({ source: 'new.png', label: null });
  });

  test('does not lend them to images it does not know, nor when it is another table', async () => {
    const strangers = await labelled('strangers', 'file,class_index\nz.png,3\n', ['in/a.png']);
    expect(await openDataset(join(strangers, 'in'))).toMatchObject({ format: 'folder of images' });
    const boxes = await labelled('boxes', 'image,x,y\na.png,3,4\n', ['in/a.png']);
    expect(await openDataset(join(boxes, 'in'))).toMatchObject({ format: 'folder of images' });
  });
});

describe('a labels.csv that does not hold', () => {
  const cases: [name: string, labels: string, message: string][] = [
    ['columns', 'name,label\na.png,1\n', 'expected the columns file, class_index, got name, label'],
    ['rows', 'file,class_index\n', 'expected rows, got an empty table'],
    ['missing', 'file,class_index\n\na.png,1\nx.png,1\n', 'line 4: expected the file "x.png" in'],
    [
      'twice',
      'file,class_index\na.png,1\na.png,0\n',
      'line 3: expected each file once, got "a.png"',
    ],
    ['word', 'file,class_index\na.png,cat\n', 'line 2: expected a class_index (0 to 1), got "cat"'],
    ['beyond', 'file,class_index\na.png,2\n', 'line 2: expected a class_index (0 to 1), got "2"'],
    ['outside', 'file,class_index\n../up.png,1\n', 'line 2: expected the file "../up.png" in'],
    ['ragged', 'file,class_index\na.png,1,2\n', 'expected a CSV table'],
  ];
  for (const [name, labels, message] of cases) {
    test(`is refused with its line: ${name}`, async () => {
      const classes = 'class_index,class_name\n0,cat\n1,dog\n';
      const root = await labelled(`bad-${name}`, labels, ['a.png'], classes);
      await expect(openDataset(root)).rejects.toThrow(DataError);
      await expect(openDataset(root)).rejects.toThrow(message);
    });
  }

  test('is refused when classes.csv has a hole', async () => {
    const classes = 'class_index,class_name\n0,cat\n2,dog\n';
    const root = await labelled('hole', 'file,class_index\na.png,0\n', ['a.png'], classes);
    await expect(openDataset(root)).rejects.toThrow('expected class_index 0 to 1, found no 1');
  });
});
