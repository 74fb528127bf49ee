// A folder of images whose classes stand in `labels.csv` (columns file and class_index, others are
// left alone), with the names of the classes in `classes.csv` (class_index, class_name) when that is
// there. The table decides what belongs to the set; order is by file name, whatever the order of rows.

import { basename, dirname, extname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { DataError, messageOf } from '../core/errors.ts';
import { type Member, createImageDataset } from './encoded-images.ts';
import { byName, kindOf, readBytes, walkFolder } from './files.ts';
import type { Dataset } from './sample.ts';

const FORMAT = 'folder of images with labels.csv';

/** One row of a table, by column, and the line it stands on. */
interface Row {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/**
 * Opens the folder that holds `labels.csv`; its images lie beside it or in `images/`.
 * @throws DataError when a row has no file, is there twice or has no valid class.
 */
export async function openLabelledFolder(folder: string): Promise<Dataset> {
  const table = await readTable(join(folder, 'labels.csv'), ['file', 'class_index']);
  const classNames = await readClassNames(folder);
  const labels = readLabels(table, classNames);
  const there = new Set((await walkFolder(folder)).files);
  const members = [...labels].map(([source, { label, line }]): Member => {
    const name = [source, `images/${source}`].find((candidate) => there.has(candidate));
    if (name !== undefined) return { name, source, label };
    throw new DataError(
      `${table.path}: line ${line}: expected the file "${source}" in ${folder} or its images ` +
        'folder, found none',
    );
  });
  return createDataset(folder, classNames, members);
}

/**
 * Labels the images of a folder from a `labels.csv` one level up: by name or, when the images were
 * converted, by name without extension. Null when there is no such table or it knows none of them.
 */
export async function openWithParentLabels(
  folder: string,
  images: readonly string[],
): Promise<Dataset | null> {
  const parent = dirname(folder);
  const path = join(parent, 'labels.csv');
  if ((await kindOf(path)) !== 'file') return null;
  const table = await readTable(path, []);
  // The folder was opened, not the table: one that is about something else is none of its business.
  if (!table.columns.includes('file') || !table.columns.includes('class_index')) return null;
  const classNames = await readClassNames(parent);
  const labels = new Map<string, number | null>();
  for (const [file, { label }] of readLabels(table, classNames)) {
    labels.set(file, label).set(stem(file), label);
  }
  const labelOf = (name: string) =>
    labels.get(name) ?? labels.get(`${basename(folder)}/${name}`) ?? labels.get(stem(name)) ?? null;
  const members = images.map((name): Member => ({ name, source: name, label: labelOf(name) }));
  if (members.every(({ label }) => label === null)) return null;
  return createDataset(folder, classNames, members);
}

function createDataset(
  folder: string,
  classNames: readonly string[] | null,
  members: readonly Member[],
): Dataset {
  const sorted = [...members].sort((a, b) => byName(a.source, b.source));
  const where = (name: string) => join(folder, name);
  const store = { where, read: (name: string) => Promise.resolve(where(name)) };
  return createImageDataset(
    { format: FORMAT, path: folder, split: null, classNames },
    store,
    sorted,
  );
}

function readLabels(table: Table, classNames: readonly string[] | null) {
  const labels = new Map<string, { label: number | null; line: number }>();
  for (const { line, cells } of table.rows) {
    const file = cells['file'] ?? '';
    const where = `${table.path}: line ${line}`;
    const first = labels.get(file);
    if (file === '') throw new DataError(`${where}: expected a file name, got none`);
    if (first !== undefined) {
      throw new DataError(
        `${where}: expected each file once, got "${file}" as on line ${first.line}`,
      );
    }
    // An image nobody labelled may be in the table; it has no class then.
    const text = cells['class_index'] ?? '';
    labels.set(file, { label: text === '' ? null : readClass(text, classNames, where), line });
  }
  if (labels.size === 0) throw new DataError(`${table.path}: expected rows, got an empty table`);
  return labels;
}

function readClass(text: string, classNames: readonly string[] | null, where: string): number {
  const index = /^\d+$/.test(text) ? Number(text) : NaN;
  if (index < (classNames?.length ?? Infinity)) return index;
  const range = classNames === null ? 'an integer from 0' : `0 to ${classNames.length - 1}`;
  throw new DataError(`${where}: expected a class_index (${range}), got "${text}"`);
}

async function readClassNames(folder: string): Promise<readonly string[] | null> {
  const path = join(folder, 'classes.csv');
  if ((await kindOf(path)) !== 'file') return null;
  const { rows } = await readTable(path, ['class_index', 'class_name']);
  const names = new Map(rows.map(({ cells }) => [cells['class_index'], cells['class_name'] ?? '']));
  return rows.map((_, index) => {
    const name = names.get(String(index));
    if (name !== undefined) return name;
    throw new DataError(`${path}: expected class_index 0 to ${rows.length - 1}, found no ${index}`);
  });
}

async function readTable(path: string, required: readonly string[]): Promise<Table> {
  const [header, ...rows] = parseCsv(await readBytes(path), path);
  const columns = header?.values ?? [];
  const missing = required.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    throw new DataError(
      `${path}: expected the columns ${required.join(', ')}, got ${columns.join(', ') || 'none'}`,
    );
  }
  const records = rows.map(({ line, values }) => ({
    line,
    cells: Object.fromEntries(columns.map((name, column) => [name, values[column] ?? ''])),
  }));
  return { path, columns, rows: records };
}

function parseCsv(bytes: Uint8Array, path: string): { line: number; values: string[] }[] {
  const lines: number[] = [];
  try {
    const records = parse(bytes, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      on_record: (record, info) => {
        lines.push(info.lines);
        return record;
      },
    });
    return records.map((values, position) => ({ line: lines[position] ?? 0, values }));
  } catch (error) {
    throw new DataError(`${path}: expected a CSV table: ${messageOf(error)}`);
  }
}

function stem(name: string): string {
  return basename(name, extname(name));
}
