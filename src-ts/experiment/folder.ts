// The folder of an experiment. What a step computes is kept under its name and settings, whole or not at
// all, so that a run that was stopped goes on where it was.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../core/errors.ts';
import { guard, replaceFile } from '../data/output-file.ts';

export class ExperimentFolder {
  readonly path: string;

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
   * @throws DataError when the file of a kept one is damaged.
   */
  async step<T>(name: string, settings: object, compute: () => Promise<T>): Promise<T> {
    const file = join('steps', `${name}-${keyOf(settings)}.json`);
    const kept = await readFile(join(this.path, file), 'utf8').catch(() => null);
    if (kept !== null) return valueOf(join(this.path, file), kept) as T;
    const value = await compute();
    await this.write(file, `${JSON.stringify({ settings, value })}\n`);
    return value;
  }
}

function keyOf(settings: object): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

function valueOf(path: string, text: string): unknown {
  try {
    const kept = JSON.parse(text) as { value?: unknown } | null;
    if (typeof kept === 'object' && kept !== null && 'value' in kept) return kept.value;
  } catch {
    // told below
  }
  throw new DataError(
    `${path}: damaged: expected a step and its value; without the file it runs again`,
  );
}
