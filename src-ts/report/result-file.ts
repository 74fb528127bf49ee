// Reads a folder of experiments: every JSON file in it that tells an experiment. What lies there may have
// been written by others: shapes are checked, and files outside the folder are not for the taking.
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import * as v from 'valibot';
import { DataError, messageOf } from '../core/errors.ts';
import type { ExperimentResult, ResultCell } from './experiment-result.ts';
import { comparisonsOf } from './page/ratio.ts';

/** An experiment and where it was read. */
export interface ResultFile {
  /** Its file's name without the ending, as a page's anchors can have it. */
  readonly id: string;
  readonly result: ExperimentResult;
}

const cell: v.GenericSchema<unknown, ResultCell> = v.nullable(
  v.union([v.string(), v.number(), v.boolean()]),
);
const texts = v.array(v.string());
const cells = v.record(v.string(), cell);

const column = v.object({
  key: v.string(),
  title: v.string(),
  unit: v.exactOptional(v.string()),
  digits: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(17))),
  meaning: v.exactOptional(v.string()),
  paper: v.exactOptional(v.string()),
});

const table = v.object({
  name: v.string(),
  title: v.string(),
  columns: v.pipe(v.array(column), v.minLength(1)),
  rows: v.array(cells),
});

const tile = v.object({ file: v.string(), caption: v.string(), alt: v.string() });

const grid = v.object({
  title: v.string(),
  caption: v.string(),
  columns: texts,
  rows: v.array(v.object({ title: v.string(), tiles: v.array(v.nullable(tile)) })),
});

const schema: v.GenericSchema<unknown, ExperimentResult> = v.object({
  experiment: v.string(),
  title: v.string(),
  abstract: v.string(),
  paper: v.string(),
  quick: v.boolean(),
  version: v.string(),
  device: v.string(),
  tuning: v.string(),
  seeds: v.string(),
  settings: cells,
  notes: texts,
  tables: v.array(table),
  figures: v.array(v.object({ file: v.string(), caption: v.string(), alt: v.string() })),
  grids: v.array(grid),
});

/**
 * The experiments of a folder: those with most numbers beside the paper's first, then by name. JSON files
 * that name no experiment are something else's.
 * @throws DataError that names the file which cannot be read, or the folder that has none.
 */
export async function readResults(folder: string): Promise<ResultFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new DataError(`${folder}: expected a folder of experiments: ${messageOf(error)}`);
  });
  const found: ResultFile[] = [];
  for (const file of names.filter((name) => extname(name) === '.json')) {
    const result = await readResult(join(folder, file));
    if (result !== null) found.push({ id: anchorOf(basename(file, '.json')), result });
  }
  if (found.length === 0) {
    throw new DataError(
      `${folder}: holds no experiment: expected a JSON file that "deepfool experiment" wrote`,
    );
  }
  return found.sort(compareResults);
}

async function readResult(path: string): Promise<ExperimentResult | null> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new DataError(`${path}: expected the JSON of an experiment: ${messageOf(error)}`);
  }
  if (!v.is(v.object({ experiment: v.unknown() }), json)) return null;
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new DataError(
    `${path}: is not an experiment as this version writes it: ` +
      `${v.getDotPath(issue) ?? 'its value'}: ${issue.message}`,
  );
}

const anchorOf = (name: string): string => name.replaceAll(/[^\w-]+/g, '-');

const numbersOf = ({ result }: ResultFile): number =>
  comparisonsOf(result).reduce((sum, { points }) => sum + points.length, 0);

function compareResults(a: ResultFile, b: ResultFile): number {
  const more = numbersOf(b) - numbersOf(a);
  return more !== 0 ? more : a.id.localeCompare(b.id, 'en', { numeric: true });
}
