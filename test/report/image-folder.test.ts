// Adversarial images as files: safe names, nearest rounding, whole files, refusals before any work.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileName, ImageFolder } from '../../src-ts/report/image-folder.ts';
import { temporaryFolder } from '../data/fixtures.ts';
import { readWithSharp } from '../reference/other-reader.ts';

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder.path, name);

it.each([
  [0, 'n01440764/tench.JPEG', '000000-n01440764_tench.png'],
  [12, 't10k-images-idx3-ubyte[12]', '000012-t10k-images-idx3-ubyte_12.png'],
  [1234567, 'a.b.png', '1234567-a.b.png'],
  [3, '../../etc/passwd', '000003-etc_passwd.png'],
  [4, '/absolute\\back\0slash', '000004-absolute_back_slash.png'],
  [5, 'Übung 画像.jpg', '000005-bung.png'],
  [6, '画像', '000006.png'],
  [7, '', '000007.png'],
  [8, 'x'.repeat(300), `000008-${'x'.repeat(100)}.png`],
])('calls image %i of "%s" %s', (index, source, name) => {
  expect(fileName(index, source)).toBe(name);
});

it('tells apart what only differs in signs a file name cannot have', () => {
  expect(fileName(1, 'a/b')).not.toBe(fileName(2, 'a_b'));
});

it('writes the nearest of 256 levels, channels side by side', async () => {
  const images = await ImageFolder.open(inFolder('rgb'), [3, 1, 2]);
  const planes = Float32Array.of(-0.1, 0.49 / 255, 0.51 / 255, 0.5, 254.6 / 255, 7);
  const name = await images.write(4, 'some/image.png', planes);
  expect(readdirSync(images.path)).toEqual([name]);
  const { levels, shape } = await readWithSharp(join(images.path, name));
  expect(shape).toEqual([3, 1, 2]);
  expect([...levels]).toEqual([0, 1, 255, 0, 128, 255]);
});

it('writes grey images as grey', async () => {
  const images = await ImageFolder.open(inFolder('grey'), [1, 2, 2]);
  const name = await images.write(0, 'digit', Float32Array.of(0, 0.2, 0.4, 1));
  const { levels, shape } = await readWithSharp(join(images.path, name));
  expect(shape).toEqual([1, 2, 2]);
  expect([...levels]).toEqual([0, 51, 102, 255]);
});

it('replaces files of the same names and counts what was there', async () => {
  const path = inFolder('twice');
  const first = await ImageFolder.open(path, [1, 1, 1]);
  expect(first.found).toBe(0);
  await first.write(0, 'a', Float32Array.of(0));
  writeFileSync(join(path, 'notes.txt'), 'not ours');
  const second = await ImageFolder.open(path, [1, 1, 1]);
  expect(second.found).toBe(1);
  await second.write(0, 'a', Float32Array.of(1));
  expect(readdirSync(path).sort()).toEqual(['000000-a.png', 'notes.txt']);
  expect([...(await readWithSharp(join(path, '000000-a.png'))).levels]).toEqual([255]);
});

it('refuses before any work', async () => {
  writeFileSync(inFolder('file'), '');
  const open = (path: string, channels = 1): Promise<ImageFolder> =>
    ImageFolder.open(path, [channels, 2, 2]);
  await expect(open(inFolder('file'))).rejects.toThrow('it is a file, not a folder');
  await expect(open(inFolder('no/such/folder'))).rejects.toThrow('its folder does not exist');
  await expect(open(inFolder('four'), 4)).rejects.toThrow(
    '--save-images: expected a model of grey (1 channel) or RGB (3 channels) images, ' +
      'this one takes 4 channels',
  );
  expect(readdirSync(folder.path)).not.toContain('four');
});

it('names the file that cannot be written', async () => {
  const images = await ImageFolder.open(inFolder('blocked'), [1, 1, 1]);
  mkdirSync(inFolder('blocked/000000-a.png'));
  await expect(images.write(0, 'a', Float32Array.of(0))).rejects.toThrow(
    'blocked/000000-a.png: the image cannot be written: ',
  );
});
