// Weights kept in files beside the model. A model comes from anywhere, so it may only name files in its
// own folder: no absolute path, no "..", no link that leads out.
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf, OnnxParseError } from '../../core/errors.ts';

export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  /** null: to the end of the file. */
  readonly length: number | null;
}

/** Reads the bytes an initialiser points to. `baseDir` is the model's folder; null refuses all files. */
export function readExternalData(
  where: string,
  { location, offset, length }: ExternalLocation,
  baseDir: string | null,
): Uint8Array {
  const file = confine(where, location, baseDir);
  const descriptor = openRegular(where, location, file);
  try {
    const status = fstatSync(descriptor);
    const wanted = length ?? status.size - offset;
    if (!status.isFile() || offset < 0 || wanted < 0 || offset + wanted > status.size) {
      throw new OnnxParseError(
        `${where}: bytes ${offset} to ${offset + wanted} of "${location}" are asked for, ` +
          `the file has ${status.size}`,
      );
    }
    const bytes = new Uint8Array(wanted);
    let filled = 0;
    while (filled < wanted) {
      const read = readSync(descriptor, bytes, filled, wanted - filled, offset + filled);
      if (read === 0) throw new OnnxParseError(`${where}: "${location}" ended while it was read`);
      filled += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a regular file; a pipe would keep us waiting for its writer. */
function openRegular(where: string, location: string, file: string): number {
  let reason = 'it is no regular file';
  try {
    if (statSync(file).isFile()) return openSync(file, 'r');
  } catch (thrown) {
    reason = messageOf(thrown);
  }
  throw new OnnxParseError(`${where}: external data "${location}" is refused: ${reason}`);
}

function confine(where: string, location: string, baseDir: string | null): string {
  const refuse = (reason: string): never => {
    throw new OnnxParseError(`${where}: external data "${location}" is refused: ${reason}`);
  };
  if (baseDir === null) return refuse("the model's folder is not known");
  if (location === '' || location.includes('\0')) return refuse('it is not a file name');
  if (path.isAbsolute(location) || path.win32.isAbsolute(location)) {
    return refuse('the path is absolute');
  }
  if (location.split(/[/\\]/).includes('..')) return refuse('the path contains ".."');
  let root: string;
  let file: string;
  try {
    root = realpathSync(baseDir);
    file = realpathSync(path.join(root, location));
  } catch (thrown) {
    return refuse(messageOf(thrown));
  }
  const inside = path.relative(root, file);
  const leaves = inside === '..' || inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside);
  return leaves ? refuse("a link leads out of the model's folder") : file;
}
