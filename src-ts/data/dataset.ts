// A data set is a path. This file looks at what lies there and hands it to the format that reads it;
// the order of the questions is the order of `openFolder` and `openFile`. What a data set promises
// stands in sample.ts.

import { basename, join } from 'node:path';
import { DataError } from '../core/errors.ts';
import { findCifarSplits, openCifar } from './cifar-binary.ts';
import { arrangeImages, findSplitFolders } from './class-folders.ts';
import { createImageDataset } from './encoded-images.ts';
import {
  type Listing,
  byName,
  byteLengthOf,
  isImageName,
  kindOf,
  listFolder,
  readHead,
  walkFolder,
} from './files.ts';
import { findIdxSplits, isIdx, openIdx } from './idx.ts';
import { openLabelledFolder, openWithParentLabels } from './labelled-folder.ts';
import type { Dataset } from './sample.ts';
import { parseSplitName, pickSplit, refuseSplit } from './splits.ts';
import { isTar, openTar } from './tar-archive.ts';

export type { Dataset, ImageSpec, LoadOptions, Sample } from './sample.ts';

const TAR_NAME = /\.(tar|tar\.gz|tgz)$/i;
const FILE_FORMATS = 'IDX, CIFAR binary (.bin), tar, tar.gz, or one image';
const FOLDER_FORMATS =
  'IDX files (train-images-idx3-ubyte, t10k-…), CIFAR binary (data_batch_*.bin, test_batch.bin), ' +
  'labels.csv, splits (train and test, as folders or tar files), class folders of images, or images';

/** How a data set is opened. */
export interface OpenOptions {
  /** `train`, `test` or `val` of a data set that has splits; default: the first of test, val, train. */
  readonly split?: string;
}

/**
 * Recognises the data set at a path and opens it; no pixels of encoded images are read yet.
 * @throws DataError when nothing is there, it is not recognised, is damaged or holds no image.
 * @throws OptionError when the split that was asked for is not there.
 */
export async function openDataset(path: string, options: OpenOptions = {}): Promise<Dataset> {
  switch (await kindOf(path)) {
    case 'folder':
      return openFolder(path, options.split);
    case 'file':
      return openFile(path, options.split);
    case 'other':
      throw new DataError(`${path}: expected a file or a folder, got a device or a pipe`);
    case null:
      throw new DataError(`${path}: expected a data set, found no such file or folder`);
  }
}

async function openFolder(path: string, split: string | undefined): Promise<Dataset> {
  const { files, folders } = await listFolder(path);

  const idx = findIdxSplits(files);
  if (idx.size > 0) return openIdx(join(path, pickSplit(idx, split, path).value));

  const cifar = findCifarSplits(files);
  if (cifar.size > 0) {
    const { name, value } = pickSplit(cifar, split, path);
    const batches = value.map((file) => join(path, file));
    return openCifar(path, batches, name);
  }

  if (files.includes('labels.csv')) {
    refuseSplit(split, path, 'labels.csv');
    return openLabelledFolder(path);
  }

  const splits = findSplitFolders([...folders, ...files.filter((name) => TAR_NAME.test(name))]);
  if (splits.size > 0) {
    const { name, value } = pickSplit(splits, split, path);
    return { ...(await openDataset(join(path, value))), split: name };
  }

  return openImageFolder(path, split);
}

async function openImageFolder(path: string, asked: string | undefined): Promise<Dataset> {
  const listing = await walkFolder(path);
  const arranged = arrangeImages(listing, path, asked);
  if (arranged === null) throw unrecognised(path, listing);
  const { root, split, classNames, members } = arranged;
  if (classNames === null) {
    const names = members.map(({ source }) => source);
    const labelled = await openWithParentLabels(join(path, root), names);
    if (labelled !== null) return { ...labelled, split };
  }
  const format = classNames === null ? 'folder of images' : 'class folders';
  const where = (name: string) => join(path, name);
  const store = { where, read: (name: string) => Promise.resolve(where(name)) };
  return createImageDataset({ format, path, split, classNames }, store, members);
}

async function openFile(path: string, split: string | undefined): Promise<Dataset> {
  const byteLength = await byteLengthOf(path);
  if (byteLength === 0) throw new DataError(`${path}: expected ${FILE_FORMATS}, got an empty file`);
  // Names decide where the content could be anything, the content for the rest.
  if (isImageName(path)) {
    refuseSplit(split, path, 'one image');
    return openImage(path);
  }
  if (path.endsWith('.bin')) {
    refuseSplit(split, path, 'one CIFAR file');
    const name = basename(path, '.bin').replace(/_batch.*$/, '');
    return openCifar(path, [path], name === 'data' ? 'train' : parseSplitName(name));
  }
  const head = await readHead(path);
  if (isTar(head) || TAR_NAME.test(path)) return openTarFile(path, split);
  if (isIdx(head)) {
    refuseSplit(split, path, 'one IDX file');
    return openIdx(path);
  }
  throw new DataError(`${path}: expected ${FILE_FORMATS}, got none of them`);
}

function openImage(path: string): Dataset {
  const store = { where: () => path, read: () => Promise.resolve(path) };
  const description = { format: 'image', path, split: null, classNames: null };
  const source = basename(path);
  return createImageDataset(description, store, [{ name: source, source, label: null }]);
}

async function openTarFile(path: string, asked: string | undefined): Promise<Dataset> {
  const { listing, store } = await openTar(path);
  const arranged = arrangeImages(listing, path, asked);
  if (arranged === null) {
    throw new DataError(`${path}: expected a tar of images, found none in it`);
  }
  const { split, classNames, members } = arranged;
  const format = classNames === null ? 'tar of images' : 'tar of class folders';
  return createImageDataset({ format, path, split, classNames }, store, members);
}

function unrecognised(path: string, { files, folders }: Listing): DataError {
  const found = [...folders.map((name) => `${name}/`), ...files].sort(byName);
  const some = found.slice(0, 5).join(', ') + (found.length > 5 ? ', …' : '');
  return new DataError(
    `${path}: expected a data set, found ${found.length === 0 ? 'an empty folder' : some}\n` +
      `  looked for ${FOLDER_FORMATS}`,
  );
}
