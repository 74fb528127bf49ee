// Writing files so that nobody takes half of one for all of it: what is written lies beside its place under
// another name, and takes the place when it is whole.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, OutputError } from '../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** Does what touches the disk; what goes wrong becomes an OutputError that names the file. */
export async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new OutputError(`${path}: cannot be written: ${REASONS[code] ?? messageOf(error)}`);
  }
}

/** A name beside `path` that nothing has. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

/** @throws OutputError when `path` is a folder. */
export async function refuseFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory() === true) {
    throw new OutputError(`${path}: cannot be written: it is a folder`);
  }
}

/** @throws OutputError when a file cannot be made at `path`. */
export async function requireWritable(path: string): Promise<void> {
  await refuseFolder(path);
  await guard(path, () => access(dirname(path), constants.W_OK));
}

/**
 * Puts a file of these bytes, one part after the other, at `path`.
 * @throws OutputError; then the file that was there is still there.
 */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = temporaryName(path);
  await guard(path, async () => {
    const file = await open(temporary, 'wx');
    try {
      try {
        for (const part of parts) await file.writeFile(part);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}
