// The meaning of a tree of images, in a folder or in an archive: `class/…/image`, or images without
// classes, either of them inside splits or wrapped in further folders. Classes are numbered by sorted
// folder name and images ordered by class, then by name, as in torchvision's ImageFolder, so labels and
// indices agree with models trained from it. Where that would guess, by labelling folders that are not
// classes, this refuses (images at several depths) or gives no labels (a single folder).

import { DataError } from '../core/errors.ts';
import type { Member } from './encoded-images.ts';
import { type Listing, byName, isImageName } from './files.ts';
import { parseSplitName, pickSplit, refuseSplit } from './splits.ts';

/** Images in order, one or more. */
export interface Arrangement {
  /** The folder they were found in: `''`, or a path that ends with `/`. */
  readonly root: string;
  readonly split: string | null;
  /** Null when no folders tell classes apart. */
  readonly classNames: readonly string[] | null;
  readonly members: readonly Member[];
}

/**
 * Orders and labels a tree of images; null when it holds none.
 * @throws DataError, naming `path`, when images lie at several depths.
 * @throws OptionError when the split that was asked for is not there.
 */
export function arrangeImages(
  listing: Listing,
  path: string,
  asked: string | undefined,
): Arrangement | null {
  const outer = findRoot(listing);
  const splits = findSplitFolders(topFolders(listBelow(listing, outer)));
  if (splits.size === 0) return arrangeBelow(listing, path, outer, asked);
  const { name, value } = pickSplit(splits, asked, path);
  const below = listBelow(listing, `${outer}${value}/`);
  const root = `${outer}${value}/${findRoot(below)}`;
  const arranged = arrangeBelow(listing, path, root, undefined);
  return arranged === null ? null : { ...arranged, split: name };
}

function arrangeBelow(
  listing: Listing,
  path: string,
  root: string,
  asked: string | undefined,
): Arrangement | null {
  const { files, folders } = listBelow(listing, root);
  const images = files.filter(isImageName).sort(byName);
  const [first] = images;
  if (first === undefined) return null;
  const odd = images.find((name) => depth(name) !== depth(first));
  if (odd !== undefined) {
    throw new DataError(
      `${path}: expected images at one depth (all as class/image, or all in one folder), ` +
        `got "${root}${first}" and "${root}${odd}"`,
    );
  }
  const isFlat = depth(first) === 0;
  refuseSplit(asked, path, isFlat ? 'images' : 'class folders');
  // A folder without images is still a class: leaving it out would shift the labels after it.
  const classNames = isFlat ? null : topFolders({ files: images, folders });
  return { root, split: null, classNames, members: orderMembers(images, classNames, root) };
}

function orderMembers(
  images: readonly string[],
  classNames: readonly string[] | null,
  root: string,
): Member[] {
  const member = (source: string, label: number | null) => ({ name: root + source, source, label });
  if (classNames === null) return images.map((source) => member(source, null));
  // By class first: as whole paths, `cat-big/…` would come before `cat/…`.
  const byClass = new Map(classNames.map((name): [string, string[]] => [name, []]));
  for (const source of images) byClass.get(firstPart(source))?.push(source);
  return [...byClass.values()].flatMap((sources, label) =>
    sources.map((source) => member(source, label)),
  );
}

/** The folders that wrap everything else, such as `test/` in test.tar; a lone folder is no class. */
function findRoot(listing: Listing): string {
  let root = '';
  for (;;) {
    const { files, folders } = listBelow(listing, root);
    const images = files.filter(isImageName);
    const [only, ...others] = topFolders({ files: images, folders });
    if (only === undefined || others.length > 0 || !images.every((name) => name.includes('/'))) {
      return root;
    }
    root += `${only}/`;
  }
}

// What lies below the root, named from there.
function listBelow(listing: Listing, root: string): Listing {
  const below = (names: readonly string[]) =>
    names
      .filter((name) => name.startsWith(root) && name.length > root.length)
      .map((name) => name.slice(root.length));
  return { files: below(listing.files), folders: below(listing.folders) };
}

/**
 * Names by split when the top level consists of splits, else an empty map. A lone `train` among other
 * folders is a class (of railways), so all folders must be splits, or two of them.
 */
export function findSplitFolders(names: readonly string[]): Map<string, string> {
  const splits = new Map<string, string>();
  let others = 0;
  for (const name of names) {
    const split = parseSplitName(name.replace(/\.(tar|tar\.gz|tgz)$/i, ''));
    if (split === null) others++;
    else if (!splits.has(split)) splits.set(split, name);
  }
  return splits.size >= 2 || others === 0 ? splits : new Map<string, string>();
}

// Some archives have no entries for folders, so the files' paths tell of them as well.
function topFolders({ files, folders }: Listing): string[] {
  const names = [...files.filter((name) => name.includes('/')), ...folders].map(firstPart);
  return [...new Set(names)].sort(byName);
}

function firstPart(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(0, slash);
}

function depth(path: string): number {
  return path.split('/').length - 1;
}
