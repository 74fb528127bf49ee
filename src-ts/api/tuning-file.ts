// The tuning table of an adapter as a file in the user's cache folder. A file that does not fit is left
// alone and told of in a line; then the default table serves.
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, OptionError } from '../core/errors.ts';
import { guard, replaceFile } from '../data/output-file.ts';
import type { DeviceInfo } from '../executor/executor.ts';
import { DEFAULT_TABLE, nameTable, shortHash, type TuningTable } from '../executor/tuning.ts';
import { hashShaders } from '../kernels/wgsl.ts';
import { isClassOfWork } from '../ops/variants.ts';
import { packageVersion } from './version.ts';

/** What a file holds besides the variants: where they were measured, and by which kernels. */
interface TuningFile {
  readonly engine: string;
  /** Hash of the kernels' code. */
  readonly kernels: string;
  readonly adapter: string;
  readonly driver: string;
  /** Name and hash of the table. */
  readonly table: string;
  readonly entries: Readonly<Record<string, string>>;
}

/** What tells one adapter from another, whatever its driver. */
const adapterOf = ({ vendor, architecture, name }: DeviceInfo): string =>
  [vendor, architecture, name].join(' | ');

const NAME = 'tuned';

/** A file for these variants, measured here and now. */
const fileFor = (device: DeviceInfo, entries: TuningFile['entries']): TuningFile => ({
  engine: packageVersion(),
  kernels: hashShaders(),
  adapter: adapterOf(device),
  driver: device.description,
  table: nameTable({ name: NAME, entries }),
  entries,
});

/** Where the table of an adapter lies. */
export function tuningPath(device: DeviceInfo): string {
  const { XDG_CACHE_HOME: cache = '' } = process.env;
  const folder = cache === '' ? join(homedir(), '.cache') : cache;
  return join(folder, 'deepfool-webgpu', `tune-${shortHash(adapterOf(device))}.json`);
}

/**
 * The table that was tuned for this adapter; the default one where there is none, where DEEPFOOL_TUNE is
 * `off`, and, after a line to `warn`, where the file does not fit.
 * @throws OptionError when DEEPFOOL_TUNE is neither `off` nor `read`.
 */
export async function readTuning(
  device: DeviceInfo,
  warn: (line: string) => void,
): Promise<TuningTable> {
  const { DEEPFOOL_TUNE: mode = 'read' } = process.env;
  if (mode !== 'off' && mode !== 'read') {
    throw new OptionError(`DEEPFOOL_TUNE: expected off or read, got "${mode}"`);
  }
  return mode === 'off' ? DEFAULT_TABLE : readTable(device, warn);
}

/** The table in the adapter's file, whatever DEEPFOOL_TUNE says. */
export async function readTable(
  device: DeviceInfo,
  warn: (line: string) => void,
): Promise<TuningTable> {
  const path = tuningPath(device);
  try {
    const text = await textOf(path);
    if (text === null) return DEFAULT_TABLE;
    return { name: NAME, entries: parseTuning(text, device) };
  } catch (error) {
    warn(`${path}: ${messageOf(error)}; ignored, the default tuning is used`);
    return DEFAULT_TABLE;
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The variants. Throws when the text is no tuning file, or one that was made for something else. */
function parseTuning(text: string, device: DeviceInfo): TuningFile['entries'] {
  const file = parseObject(text);
  const { entries } = file;
  const sound =
    isRecord(entries) &&
    Object.entries(entries).every(([key, value]) => isClassOfWork(key) && isVariant(value));
  if (!sound) throw new Error('damaged: its entries are not variants by class of work');
  const known = entries as TuningFile['entries'];
  const expected = fileFor(device, known);
  for (const [field, what] of Object.entries(STALE)) {
    const [came, here] = [String(file[field]), expected[field as keyof typeof STALE]];
    if (came !== here) throw new Error(`made ${what} ${came}, this is ${here}`);
  }
  if (file['table'] !== expected.table) {
    throw new Error(`damaged: its entries are not those of "${String(file['table'])}"`);
  }
  return known;
}

/** What makes a file stale when it is another, and how that is said. */
const STALE = {
  engine: 'by version',
  adapter: 'for adapter',
  driver: 'for driver',
  kernels: 'for kernels',
} as const satisfies Partial<Record<keyof TuningFile, string>>;

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('damaged: it is no JSON');
  }
  if (!isRecord(value)) throw new Error('damaged: expected a JSON object');
  return value;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isVariant = (value: unknown): boolean =>
  typeof value === 'string' && /^(quads|lanes|lines|strips|shared) \d+(x\d+)?$/.test(value);

/**
 * Makes this the table of the adapter, in one go, and returns the file's path.
 * @throws OutputError; then the file that was there is still there.
 */
export async function saveTuning(
  device: DeviceInfo,
  entries: Readonly<Record<string, string>>,
): Promise<string> {
  const path = tuningPath(device);
  const folder = dirname(path);
  await guard(folder, () => mkdir(folder, { recursive: true }));
  const file = fileFor(device, entries);
  await replaceFile(path, [Buffer.from(`${JSON.stringify(file, null, 2)}\n`)]);
  return path;
}
