// Random access to the images of a tar file. One pass over the headers notes where each image lies;
// after that members are read by offset. A gzipped archive has no offsets, so its images (not the
// rest of it) are unpacked into memory, up to a limit. Nothing is ever written to disk.

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, type Header, extract } from 'tar-stream';
import { DataError, InternalError, messageOf } from '../core/errors.ts';
import type { ImageStore } from './encoded-images.ts';
import { type Listing, isGzip, isImageName, isVisible, readPart } from './files.ts';

const MEMORY_LIMIT = 2 ** 31; // bytes of encoded images; CIFAR-10 as JPEG takes 60 MB
const CHUNK_BYTES = 1 << 20; // headers are 512 bytes apart at the least; small reads cost more

/** An opened archive: names of its images and folders, and a store to read the images from. */
export interface TarArchive {
  readonly listing: Listing;
  readonly store: ImageStore;
}

type Entry = Extract extends AsyncIterable<infer Member> ? Member : never;
type Place = { readonly offset: number; readonly size: number } | Uint8Array;

/** Whether a file is tar: the `ustar` mark of all formats since 1988, at byte 257. */
export function isTar(head: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(head.subarray(257, 262)) === 'ustar';
}

/**
 * Scans an archive.
 * @throws DataError when it is damaged, cut short, or gzipped and too large to keep in memory.
 */
export async function openTar(path: string): Promise<TarArchive> {
  const places = new Map<string, Place>(); // a later member of the same name wins, as in `tar x`
  const folders: string[] = [];
  const zipped = isGzip(await readPart(path, 0, 2));
  let kept = 0;

  const note = async (entry: Entry) => {
    const name = cleanName(entry.header.name);
    if (entry.header.type === 'directory' && isVisible(name)) folders.push(name);
    if (!isVisible(name) || !isImageName(name)) return;
    const place = placeOfLink(entry.header, places);
    if (place !== undefined) places.set(name, place);
    if (!isFile(entry.header)) return;
    kept += zipped ? entry.header.size : 0;
    if (kept > MEMORY_LIMIT) {
      throw new DataError(`${path}: unpacks to more than ${MEMORY_LIMIT} bytes; gunzip it first`);
    }
    places.set(name, zipped ? await collect(entry) : placeOf(entry.header));
  };

  await scan(path, zipped, note);
  return {
    listing: { files: [...places.keys()], folders },
    store: {
      where: (name) => `${path}: ${name}`,
      read: async (name) => {
        const place = places.get(name);
        if (place === undefined) throw new InternalError(`${path} holds no member ${name}`);
        return place instanceof Uint8Array ? place : readPart(path, place.offset, place.size);
      },
    },
  };
}

async function scan(path: string, zipped: boolean, note: (entry: Entry) => Promise<void>) {
  const unpacked = extract();
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const visit = async () => {
    for await (const entry of unpacked) {
      await note(entry);
      entry.resume();
    }
  };
  const flow = zipped ? pipeline(file, createGunzip(), unpacked) : pipeline(file, unpacked);
  const [visited, flowed] = await Promise.allSettled([visit(), flow]);
  // The visitor's own refusal tears the stream down, so it is the cause and goes first.
  const failure = [visited, flowed].find((end) => end.status === 'rejected');
  if (failure === undefined) return;
  const reason: unknown = failure.reason;
  if (reason instanceof DataError) throw reason;
  throw new DataError(`${path}: expected a whole tar archive: ${messageOf(reason)}`);
}

async function collect(entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isFile({ type }: Header): boolean {
  return type === 'file' || type === 'contiguous-file';
}

// GNU tar stores the second name of an inode as a link without content.
function placeOfLink(header: Header, places: ReadonlyMap<string, Place>): Place | undefined {
  return header.type === 'link' ? places.get(cleanName(header.linkname)) : undefined;
}

function placeOf(header: Header): Place {
  // Present since tar-stream 3.1, missing from its published types.
  if (!('byteOffset' in header) || typeof header.byteOffset !== 'number') {
    throw new InternalError('tar-stream gave no byteOffset');
  }
  return { offset: header.byteOffset, size: header.size };
}

function cleanName(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
