// The folder of an experiment. What a step computes is kept under its name and settings, whole or not at
// all, so that a run that was stopped goes on where it was. With it is kept which version computed it.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageVersion } from '../api/version.ts';
import { DataError, messageOf } from '../core/errors.ts';
import { guard, replaceFile } from '../data/output-file.ts';
import { hashShaders } from '../kernels/wgsl.ts';

/** A step as its file has it. */
interface Kept {
  readonly maker: string;
  readonly value: unknown;
}

export class ExperimentFolder {
  readonly path: string;
  /** Who computed the kept steps that were taken, where it was another version. */
  readonly otherMakers = new Set<string>();
  readonly #maker = `version ${packageVersion()}, kernels ${hashShaders()}`;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws OutputError when nothing can be written there. */
  static async open(path: string): Promise<ExperimentFolder> {
    const folder = new ExperimentFolder(path);
    await guard(path, () => mkdir(join(path, 'steps'), { recursive: true }));
    await folder.write(join('steps', '.writable'), '');
    return folder;
  }

  /** Writes a file whole or not at all. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    await replaceFile(join(this.path, name), [bytes]);
  }

  /** Path of a folder for the files of a step, the same one for the same settings. */
  async stepFolder(name: string, settings: object): Promise<string> {
    const path = join(this.path, 'steps', `${name}-${keyOf(settings)}`);
    await guard(path, () => mkdir(path, { recursive: true }));
    return path;
  }

  /**
   * The value of a step: the one kept for these very settings, else computed and kept.
   * @throws DataError when the file of a kept one is damaged or cannot be read.
   */
  async step<T>(name: string, settings: object, compute: () => Promise<T>): Promise<T> {
    const file = join('steps', `${name}-${keyOf(settings)}.json`);
    const kept = await readKept(join(this.path, file));
    if (kept !== null) {
      if (kept.maker !== this.#maker) this.otherMakers.add(kept.maker);
      return kept.value as T;
    }
    const value = await compute();
    await this.write(file, `${JSON.stringify({ maker: this.#maker, settings, value })}\n`);
    return value;
  }
}

function keyOf(settings: object): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

/** Null where there is none. */
async function readKept(path: string): Promise<Kept | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new DataError(`${path}: cannot be read: ${messageOf(error)}`);
  });
  return text === null ? null : keptOf(path, text);
}

function keptOf(path: string, text: string): Kept {
  try {
    const kept = JSON.parse(text) as Partial<Kept> | null;
    if (typeof kept === 'object' && kept !== null && 'value' in kept) {
      return { maker: kept.maker ?? 'an earlier version', value: kept.value };
    }
  } catch {
    // told below
  }
  throw new DataError(
    `${path}: damaged: expected a step and its value; without the file it runs again`,
  );
}
