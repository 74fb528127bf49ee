// What the formats ask of the file system: listings in a stable order, whole files and parts of
// files, every failure as a DataError that names the path. Symbolic links to images and to class
// folders are followed, since subsets of ImageNet are often made of links.

import { constants as zlibConstants, gunzip, gunzipSync } from 'node:zlib';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { DataError, messageOf } from '../core/errors.ts';

// torchvision's list, so that an index here is an index there. Those the decoder does not know
// keep their place and fail by name when they are read.
const IMAGE_EXTENSIONS = new Set(
  '.jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp'.split(' '), // compared in lower case
);

const INFLATED_LIMIT = 2 ** 31; // bytes; no gzip file of a known data set comes near

/** Paths relative to the root of a data set, `/` between the parts, in no particular order. */
export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Plain code-unit order: the same on every machine, whatever its locale. */
export function byName(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether a file name ends like an image. */
export function isImageName(name: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

/** False for hidden files and for the `__MACOSX` twins that macOS puts into archives. */
export function isVisible(path: string): boolean {
  return path.split('/').every((part) => !part.startsWith('.') && part !== '__MACOSX');
}

/** `folder`, `file` or `other`, links followed; null when there is nothing. */
export async function kindOf(path: string): Promise<'folder' | 'file' | 'other' | null> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new DataError(`${path}: cannot be read: ${messageOf(error)}`);
  }
}

/** Visible files and folders directly inside a folder, each sorted by name. */
export async function listFolder(path: string): Promise<Listing> {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of await attempt(path, () => readdir(path, { withFileTypes: true }))) {
    if (!isVisible(entry.name)) continue;
    const kind = entry.isSymbolicLink() ? await kindOf(join(path, entry.name)) : null;
    if (entry.isDirectory() || kind === 'folder') folders.push(entry.name);
    // A dangling link keeps its place in the order; reading it says what is wrong.
    else if (entry.isFile() || (entry.isSymbolicLink() && kind !== 'other')) files.push(entry.name);
  }
  return { files: files.sort(byName), folders: folders.sort(byName) };
}

/** Everything visible below a folder. Linked folders are entered at the top only: links can circle. */
export async function walkFolder(root: string): Promise<Listing> {
  const top = await listFolder(root);
  const below = await Promise.all(
    top.folders.map(async (folder) => {
      const path = join(root, folder);
      const options = { withFileTypes: true, recursive: true } as const;
      const entries = await attempt(path, () => readdir(path, options));
      return entries.map((entry) => ({
        name: [folder, ...relativeParts(path, entry.parentPath), entry.name].join('/'),
        isFolder: entry.isDirectory(),
        isFile: entry.isFile() || entry.isSymbolicLink(),
      }));
    }),
  );
  const visible = below.flat().filter(({ name }) => isVisible(name));
  return {
    files: [...top.files, ...visible.filter((e) => e.isFile).map((e) => e.name)],
    folders: [...top.folders, ...visible.filter((e) => e.isFolder).map((e) => e.name)],
  };
}

/** A whole file. */
export function readBytes(path: string): Promise<Uint8Array> {
  return attempt(path, () => readFile(path));
}

/** A whole file, unpacked when it is gzip. */
export async function readMaybeGzip(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  if (!isGzip(bytes)) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: INFLATED_LIMIT });
  } catch (error) {
    throw new DataError(`${path}: expected a whole gzip file: ${messageOf(error)}`);
  }
}

/** Bytes `offset` to `offset + length`; the file is opened anew, so no handle outlives the call. */
export async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await readUpTo(path, offset, length);
  if (bytes.length === length) return bytes;
  throw new DataError(
    `${path}: expected ${length} bytes at offset ${offset}, got ${bytes.length}; ` +
      'the file changed since it was opened',
  );
}

/** The first bytes of a file, at most 1024, unpacked when it is gzip: enough to recognise it. */
export async function readHead(path: string): Promise<Uint8Array> {
  const bytes = await readUpTo(path, 0, 1024);
  if (!isGzip(bytes)) return bytes;
  try {
    // A flush in place of the final block: the stream is cut here on purpose.
    return gunzipSync(bytes, { finishFlush: zlibConstants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new DataError(`${path}: starts like gzip but does not unpack: ${messageOf(error)}`);
  }
}

/** Length of a file in bytes. */
export async function byteLengthOf(path: string): Promise<number> {
  return (await attempt(path, () => stat(path))).size;
}

/** Whether the bytes begin with gzip's signature. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function readUpTo(path: string, offset: number, length: number): Promise<Uint8Array> {
  return attempt(path, async () => {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  });
}

function relativeParts(root: string, path: string): string[] {
  return path
    .slice(root.length)
    .split(/[\\/]/)
    .filter((part) => part !== '');
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${messageOf(error)}`);
  }
}
