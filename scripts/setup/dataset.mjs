// Fashion-MNIST, the data set of the example run: Debian's package of it, installed or unpacked into
// the cache. The answer, a folder of IDX files, is kept in build/dataset.json.

import fs from 'node:fs';
import path from 'node:path';
import { log, readAnswer, SetupError, writeAnswer } from './context.mjs';
import { debianCodename, debianPrefix, systemTitle } from './debian.mjs';

const PACKAGE = 'dataset-fashion-mnist';
const INSTALLED = '/usr/share/datasets/fashion-mnist';
const IMAGES = 't10k-images-idx3-ubyte';

function holdsImages(folder) {
  return ['', '.gz'].some((ending) => fs.existsSync(path.join(folder, IMAGES + ending)));
}

function findDataset() {
  const given = process.env.DEEPFOOL_FASHION_MNIST;
  if (given) {
    if (holdsImages(given)) return path.resolve(given);
    throw new SetupError(`DEEPFOOL_FASHION_MNIST=${given}: no ${IMAGES}(.gz) in that folder`);
  }
  if (holdsImages(INSTALLED)) return INSTALLED;
  if (!debianCodename) {
    throw new SetupError(
      `the example needs Fashion-MNIST, which cannot be fetched by itself on ${systemTitle}\n` +
        '  put its four IDX files (.gz or not) into a folder and set DEEPFOOL_FASHION_MNIST to it',
    );
  }
  const prefix = debianPrefix('fashion-mnist', { packages: [], alone: [PACKAGE] });
  return path.join(prefix, INSTALLED);
}

/** The folder of the Fashion-MNIST files, fetched when need be. */
export function setUpDataset() {
  const given = process.env.DEEPFOOL_FASHION_MNIST;
  const kept = readAnswer('dataset.json')?.fashionMnist;
  if (!given && kept && holdsImages(kept)) return kept;
  const fashionMnist = findDataset();
  if (!holdsImages(fashionMnist)) {
    throw new SetupError(`${PACKAGE} holds no ${IMAGES}(.gz) in ${fashionMnist}`);
  }
  writeAnswer('dataset.json', { fashionMnist });
  log(`Fashion-MNIST: ${fashionMnist}`);
  return fashionMnist;
}
