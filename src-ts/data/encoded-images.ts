// Data sets of encoded images, wherever they lie: a list of members (name, label) over a store that
// hands out a path to decode or the bytes themselves. Only names and labels stay in memory.

import { ImageError } from '../core/errors.ts';
import { loadImageTensor } from './image.ts';
import { type Dataset, type LoadOptions, requireIndex } from './sample.ts';

/** One image of a data set, before it is read. */
export interface Member {
  /** Its name in the store. */
  readonly name: string;
  /** What its sample calls it. */
  readonly source: string;
  readonly label: number | null;
}

/** Where encoded images are kept. */
export interface ImageStore {
  /** What errors call a member: a path, or an archive and the name within. */
  readonly where: (name: string) => string;
  /** The path of the member or its bytes. */
  readonly read: (name: string) => Promise<string | Uint8Array>;
}

/** A data set without its way of loading. */
export type Description = Omit<Dataset, 'length' | 'load' | 'imageShape'>;

/** Makes a data set of the members, in the order given. */
export function createImageDataset(
  description: Description,
  store: ImageStore,
  members: readonly Member[],
): Dataset {
  const dataset: Dataset = {
    ...description,
    length: members.length,
    imageShape: null,
    load: async (index, options = {}) => {
      requireIndex(dataset, index);
      const { name, source, label } = members[index]!;
      const { data, shape } = await loadMember(store, name, options);
      return { index, source, label, pixels: data, shape };
    },
  };
  return dataset;
}

async function loadMember(store: ImageStore, name: string, options: LoadOptions) {
  const content = await store.read(name);
  try {
    return await loadImageTensor(content, options);
  } catch (error) {
    if (!(error instanceof ImageError) || typeof content === 'string') throw error;
    // The decoder saw bytes without a name; say which file they came from.
    const prefix = `${error.path}: `;
    const { message } = error;
    const reason = message.startsWith(prefix) ? message.slice(prefix.length) : message;
    throw new ImageError(store.where(name), reason);
  }
}
