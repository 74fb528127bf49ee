// One record an image, as NDJSON or CSV. The file is written beside its place under another name and
// takes the place when it is whole, so that nobody takes half of it for all of it.
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { OptionError } from '../core/errors.ts';
import { guard, refuseFolder, temporaryName } from '../data/output-file.ts';
import { shortest } from './numbers.ts';
import type { ResultRow } from './row.ts';

type Cell = string | number | boolean | null;
type Format = 'ndjson' | 'csv';

const FORMATS: Readonly<Record<string, Format>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
};
const BUFFER_LENGTH = 1 << 16;

/** @throws OptionError when the name does not end as one of the formats does. */
export function resultFormat(path: string): Format {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new OptionError(
    `--out: expected a file name ending in .ndjson (or .jsonl) or .csv, got "${path}"`,
  );
}

/** Writes records in the order they come; `commit` or `discard` ends it. */
export class ResultWriter {
  readonly path: string;
  /** Records written so far. */
  count = 0;
  readonly #format: Format;
  readonly #file: FileHandle;
  readonly #temporary: string;
  #buffer = '';

  private constructor(path: string, format: Format, file: FileHandle, temporary: string) {
    this.path = path;
    this.#format = format;
    this.#file = file;
    this.#temporary = temporary;
  }

  /**
   * Opens the file's substitute beside its place.
   * @throws OptionError for another ending, OutputError when nothing can be written there.
   */
  static async open(path: string): Promise<ResultWriter> {
    const format = resultFormat(path);
    await refuseFolder(path);
    const temporary = temporaryName(path);
    const file = await guard(path, () => open(temporary, 'wx'));
    return new ResultWriter(path, format, file, temporary);
  }

  async write(record: ResultRow): Promise<void> {
    const row: Record<string, Cell> = {};
    for (const [name, value] of Object.entries(record) as [string, Cell][]) {
      row[name] = typeof value === 'number' ? shortest(value) : value;
    }
    const first = this.count++ === 0;
    this.#buffer +=
      this.#format === 'ndjson'
        ? `${JSON.stringify(row)}\n`
        : stringify([row], { header: first, cast: { boolean: String } });
    if (this.#buffer.length >= BUFFER_LENGTH) await this.#flush();
  }

  /** Makes the file what has been written, whole. */
  async commit(): Promise<void> {
    await this.#finish(this.path);
  }

  /**
   * Ends a run that failed: what was computed goes to a file of another name, which is returned; null
   * when there was nothing.
   */
  async salvage(): Promise<string | null> {
    if (this.count === 0) {
      await this.discard();
      return null;
    }
    const ending = extname(this.path);
    const partial = `${this.path.slice(0, -ending.length)}.partial${ending}`;
    await this.#finish(partial);
    return partial;
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }

  async #finish(path: string): Promise<void> {
    try {
      await this.#flush();
      await guard(path, async () => {
        await this.#file.sync();
        await this.#file.close();
        await rename(this.#temporary, path);
      });
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async #flush(): Promise<void> {
    const text = this.#buffer;
    this.#buffer = '';
    if (text !== '') await guard(this.path, () => this.#file.appendFile(text));
  }
}
