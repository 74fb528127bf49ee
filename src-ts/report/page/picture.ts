// Pictures as data: URIs, so that a page needs nothing beside it. Browsers run no script of an SVG that an
// <img> shows, and let it load nothing.
import { readFile, realpath } from 'node:fs/promises';
import { extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { DataError, messageOf } from '../../core/errors.ts';

export interface Picture {
  readonly uri: string;
  /** Width and height in pixels, of those that are made of pixels. */
  readonly size: readonly [width: number, height: number] | null;
}

const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const PNG_HEADER_LENGTH = 24;

/**
 * Reads a picture of a folder.
 * @throws DataError for files outside the folder, that cannot be read, or are neither PNG nor SVG.
 */
export async function readPicture(folder: string, file: string): Promise<Picture> {
  const bytes = await readInside(folder, file);
  const type = extname(file).toLowerCase();
  if (type === '.png' && isPng(bytes)) {
    const size = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] as const;
    return { uri: dataUri('image/png', bytes), size };
  }
  if (type === '.svg' && /<svg[\s>]/.test(bytes.toString('utf8'))) {
    return { uri: dataUri('image/svg+xml', bytes), size: null };
  }
  throw new DataError(`${resolve(folder, file)}: expected a PNG or SVG picture`);
}

async function readInside(folder: string, file: string): Promise<Buffer> {
  const path = resolve(folder, file);
  try {
    const inside = relative(await realpath(folder), await realpath(path));
    if (inside.split(sep)[0] !== '..' && !isAbsolute(inside)) return await readFile(path);
  } catch (error) {
    throw new DataError(`${path}: expected a picture of an experiment: ${messageOf(error)}`);
  }
  throw new DataError(`${path}: expected a picture inside ${folder}`);
}

function isPng(bytes: Buffer): boolean {
  const head = bytes.subarray(0, PNG_SIGNATURE.length);
  return bytes.length > PNG_HEADER_LENGTH && head.equals(PNG_SIGNATURE);
}

export function dataUri(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}
