// Small data sets for the tests, written into a temporary folder: PNG, IDX and tar without outside help.

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createGzip, deflateSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll } from 'vitest';

/** A folder for one test file, removed afterwards; `path` is set once the tests run. */
export function temporaryFolder() {
  const folder = { path: '' };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'deepfool-data-'));
  });
  afterAll(() => rm(folder.path, { recursive: true }));
  return folder;
}

/** Writes a file and the folders above it; returns its path. */
export async function put(path: string, content: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A grey PNG of one level. */
export function png(level: number, width = 2, height = 2): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits; colour type 0 is grey
  const rows = new Uint8Array((width + 1) * height).map((_, i) => (i % (width + 1) ? level : 0));
  const chunks = [
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

/** An IDX file of uint8. */
export function idx(dims: readonly number[], data: readonly number[]): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(0, 0, 8, dims.length),
    ...dims.map(uint32),
    Uint8Array.from(data),
  ]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A member of a tar file: its content, null for a folder, or the name it is a hard link to. */
export type TarMember = readonly [name: string, content: Uint8Array | string | null];

/** Writes the members in order; gzipped when the name ends in `gz`. */
export async function putTar(path: string, members: readonly TarMember[]): Promise<string> {
  const archive = pack();
  for (const [name, content] of members) {
    if (content === null) archive.entry({ name, type: 'directory' });
    else if (typeof content === 'string') {
      archive.entry({ name, type: 'link', linkname: content });
    } else archive.entry({ name }, content);
  }
  archive.finalize();
  await mkdir(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  await (path.endsWith('gz') ? pipeline(archive, createGzip(), file) : pipeline(archive, file));
  return path;
}
