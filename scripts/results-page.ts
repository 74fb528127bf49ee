// `npm run results-page -- DIR`: makes examples/experiments, the page of results in this repository, from a
// folder of experiments: its numbers beside the paper's, its figures, and what notes/NAME.md says of each.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type {
  ExperimentResult,
  ResultColumn,
  ResultTable,
} from '../src-ts/report/experiment-result.ts';
import { formatNumber } from '../src-ts/report/numbers.ts';
import { formatRatio, ratioOf } from '../src-ts/report/page/ratio.ts';
import { readResults } from '../src-ts/report/result-file.ts';

const OUT = path.join(import.meta.dirname, '../examples/experiments');
const HEAD = `# The paper's experiments

Made by \`npm run results-page -- DIR\` from what \`deepfool experiment NAME --out DIR\` wrote. Numbers stand as ours, the
paper's (Moosavi-Dezfooli, Fawzi, Frossard, CVPR 2016) and ours / paper's where the paper has one; ρ̂ is the mean of ‖r̂‖ / ‖x‖.
`;

type Row = ResultTable['rows'][number];

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run results-page -- DIR   (a folder of experiments)');
  process.exit(2);
}
const results = (await readResults(folder)).map(({ result }) => result).sort(compareNames);
for (const { file } of results.flatMap(({ figures }) => figures)) {
  await copyFile(path.join(folder, file), path.join(OUT, path.basename(file)));
}
await writeFile(path.join(OUT, 'README.md'), [HEAD, ...results.map(sectionOf)].join('\n'));
console.log(
  `${path.join(OUT, 'README.md')}: ${results.map(({ experiment }) => experiment).join(', ')}`,
);

/** Tables before figures, each by number. */
function compareNames(
  { experiment: a }: ExperimentResult,
  { experiment: b }: ExperimentResult,
): number {
  const isTable = (name: string): number => Number(name.startsWith('table'));
  return isTable(b) - isTable(a) || a.localeCompare(b, 'en', { numeric: true });
}

function sectionOf(result: ExperimentResult): string {
  const { experiment, title, abstract, quick, notes, tables, figures } = result;
  const remarks = path.join(OUT, 'notes', `${experiment}.md`);
  return [
    `## ${title}\n`,
    `${abstract}\n`,
    ...(quick ? ['*A quick run, on subsets of the images.*\n'] : []),
    ...figures.map(({ file, alt }) => `![${alt}](${path.basename(file)})\n`),
    ...tables.map(tableOf),
    ...(existsSync(remarks) ? [readFileSync(remarks, 'utf8')] : []),
    ...notes.map((note) => `- ${note}`),
    `- ${factsOf(result)}\n`,
  ].join('\n');
}

function factsOf({ settings, seeds, device, tuning, version }: ExperimentResult): string {
  const set = Object.entries(settings).map(
    ([name, value]) => `${name.replaceAll('_', ' ')} ${value}`,
  );
  return [...set, `seeds ${seeds}`, `version ${version} on ${device}, kernels ${tuning}`].join(
    '; ',
  );
}

function tableOf({ columns, rows }: ResultTable): string {
  const heads = columns.flatMap(({ title, unit, paper }) => {
    const name = unit === undefined ? title : `${title}, ${unit}`;
    return paper === undefined ? [name] : [name, 'paper', 'ratio'];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const body = rows.map((row) => line(columns.flatMap((column) => cellsOf(row, column))));
  return [line(heads), line(heads.map(() => '---')), ...body, ''].join('\n');
}

function cellsOf(row: Row, column: ResultColumn): string[] {
  const format = (key: string): string => {
    const value = row[key] ?? null;
    return typeof value === 'number' ? formatNumber(value, column.digits) : String(value ?? '');
  };
  if (column.paper === undefined) return [format(column.key)];
  const ratio = ratioOf(row, column);
  return [format(column.key), format(column.paper), ratio === null ? '' : formatRatio(ratio)];
}
