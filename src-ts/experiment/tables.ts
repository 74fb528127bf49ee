// Tables 1 and 2: the test error, ρ̂ and time of DeepFool and of what the paper compares it with, for p = 2
// and p = ∞, beside the paper's numbers.
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { attackDataset } from '../api/attack-dataset.ts';
import type { Method } from '../attack/attack.ts';
import { drawChart } from '../report/chart.ts';
import type { ResultColumn } from '../report/experiment-result.ts';
import type { Summary } from '../report/summary.ts';
import { InterruptedError, type Experiment, type ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import { writeResult } from './write-result.ts';

export const table1: Experiment = { run: (context) => runTable(context, '2') };
export const table2: Experiment = { run: (context) => runTable(context, 'inf') };

/** One cell of a table: a method on a network. */
export interface TableRow {
  readonly network: string;
  readonly method: Method;
  readonly norm: '2' | 'inf';
  readonly images: number;
  readonly fooled: number;
  /** Percent of the images attacked that are misclassified to begin with; null without labels. */
  readonly error: number | null;
  readonly paper_error: number | null;
  /** Mean of ‖r̂‖ / ‖x‖ over the fooled images. */
  readonly rho: number | null;
  readonly paper_rho: number | null;
  /** rho / paper_rho */
  readonly ratio: number | null;
  /** The same with the norms of normalised images; null where normalisation lies inside the model. */
  readonly rho_input: number | null;
  /** Wall time and processor time for each image, in milliseconds. */
  readonly ms: number;
  readonly cpu_ms: number;
  readonly notes: string;
}

const METHODS: Readonly<Record<'2' | 'inf', readonly Method[]>> = {
  '2': ['deepfool', 'fgsm', 'fgsm-float32', 'lbfgs'],
  inf: ['deepfool', 'fgsm', 'fgsm-float32'],
};

/** Runs the cells of a table that are not there yet, and writes it as CSV, JSON, SVG and PNG. */
async function runTable(context: ExperimentContext, norm: '2' | 'inf'): Promise<void> {
  const rows: TableRow[] = [];
  for (const network of context.networks) {
    for (const method of METHODS[norm]) {
      const count = imagesFor(network, method, context.quick);
      if (count > 0) rows.push(await runCell(context, network, method, norm, count));
    }
  }
  await writeTable(context, norm, rows);
}

function imagesFor(network: Network, method: Method, quick: boolean): number {
  const { all, lbfgs } = network.images[quick ? 'quick' : 'full'];
  return method === 'lbfgs' ? lbfgs : all;
}

interface Cell {
  readonly summary: Summary;
  /** Processor time in seconds. */
  readonly cpu: number;
}

async function runCell(
  { folder, models, data, device, watch }: ExperimentContext,
  network: Network,
  method: Method,
  norm: '2' | 'inf',
  count: number,
): Promise<TableRow> {
  const { mean, std, model } = network;
  const options = {
    method,
    norm: norm === 'inf' ? Infinity : 2,
    range: `:${count}`,
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
  const { info, tuning } = device;
  const settings = { model, data: network.data, ...options, norm, device: info.name, tuning };
  const name = `${model}-${method}-p${norm}`;
  const { summary, cpu } = await folder.step<Cell>(name, settings, async () => {
    watch.onNote?.(`${network.name}, ${method}, p = ${norm}: ${count} images`);
    const before = process.cpuUsage();
    const path = join(models, `${model}.onnx`);
    const run = { ...options, data: join(data, network.data), device };
    const found = await attackDataset(path, run, watch);
    if (found.interrupted) throw new InterruptedError();
    const { user, system } = process.cpuUsage(before);
    return { summary: found, cpu: (user + system) / 1e6 };
  });
  const { images, accuracy, rho_mean: rho } = summary;
  const paperRho = network.paper?.[norm === 'inf' ? 'linf' : 'l2'][method] ?? null;
  return {
    network: network.name,
    method,
    norm,
    images,
    fooled: summary.fooled,
    error: accuracy === null ? null : Number((100 * (1 - accuracy)).toFixed(4)),
    paper_error: network.paper?.error ?? null,
    rho,
    paper_rho: paperRho,
    ratio: rho === null || paperRho === null ? null : rho / paperRho,
    rho_input: summary.rho_input_mean,
    ms: (1000 * summary.seconds) / images,
    cpu_ms: (1000 * cpu) / images,
    notes: summary.notes.join('; '),
  };
}

async function writeTable(
  context: ExperimentContext,
  norm: '2' | 'inf',
  rows: readonly TableRow[],
): Promise<void> {
  const name = norm === '2' ? 'table1' : 'table2';
  const p = norm === '2' ? '2' : '∞';
  const title = `Table ${norm === '2' ? 1 : 2}: ρ̂ for p = ${p}`;
  await drawTable(context, name, title, norm, rows);
  await writeResult(context, {
    experiment: name,
    title,
    abstract:
      'How large the perturbations of DeepFool are, and those of what the paper compares it with: ' +
      `ρ̂ is the mean of ‖r̂‖ / ‖x‖ for p = ${p} over the images that were fooled.`,
    settings: { p, networks: context.networks.map(({ model }) => model).join(', ') },
    notes: [...new Set(rows.filter(({ notes }) => notes !== '').map(noteOf))],
    seeds: 'none: nothing is drawn at random',
    tables: [{ name, title, columns: COLUMNS, rows: rows.map((row) => ({ ...row })) }],
    figures: [
      {
        file: `${name}.svg`,
        caption: `ρ̂ by method and network, p = ${p}: filled here, hollow in the paper.`,
        alt: `Dots on a logarithmic scale of ρ̂, one for each method and network; the table has the numbers.`,
      },
    ],
    grids: [],
  });
}

const noteOf = ({ network, method, notes }: TableRow): string => `${network}, ${method}: ${notes}`;

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'method', title: 'method' },
  { key: 'images', title: 'images', meaning: 'images attacked' },
  { key: 'fooled', title: 'fooled', meaning: 'of them whose class changed' },
  { key: 'error', title: 'error', unit: '%', meaning: 'test error', paper: 'paper_error' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖, x as pixels', paper: 'paper_rho' },
  { key: 'rho_input', title: 'ρ̂ of the input', meaning: 'the same after normalisation' },
  { key: 'ms', title: 'time', unit: 'ms', digits: 3, meaning: 'wall time for an image' },
  {
    key: 'cpu_ms',
    title: 'CPU',
    unit: 'ms',
    digits: 3,
    meaning: 'processor time for an image',
  },
];

async function drawTable(
  { folder, quick }: ExperimentContext,
  name: string,
  title: string,
  norm: '2' | 'inf',
  rows: readonly TableRow[],
): Promise<void> {
  const subsets = 'quick run on subsets: image counts are in the table';
  const marks = rows.flatMap(({ network, method, rho, paper_rho }) => [
    { network, method, source: 'here', rho },
    { network, method, source: 'paper', rho: paper_rho },
  ]);
  const shown = marks.filter(({ rho }) => rho !== null);
  const label = `${title}${quick ? ` (${subsets})` : ''}; filled here, hollow in the paper`;
  const place = { x: 'rho', y: 'network', fy: 'method', r: 5 };
  const isOurs = ({ source }: { source: string }): boolean => source === 'here';
  const chart = await drawChart({
    width: 860,
    marginLeft: 190,
    marginTop: 50,
    marginRight: 120,
    x: { type: 'log', label: 'ρ̂', ticks: 6, tickFormat: (value: number) => String(value) },
    y: { label: null },
    fy: { label: null, padding: 0.2, axis: 'right' },
    color: { domain: METHODS[norm] },
    marks: [
      Plot.text([label], { frameAnchor: 'top-left', facet: 'super', dy: -30 }),
      Plot.gridX({ stroke: '#dddddd', strokeOpacity: 1 }),
      Plot.dot(shown.filter(isOurs), { ...place, fill: 'method' }),
      Plot.dot(
        shown.filter((mark) => !isOurs(mark)),
        { ...place, stroke: 'method' },
      ),
    ],
  });
  await folder.write(`${name}.svg`, chart.svg);
  await folder.write(`${name}.png`, chart.png);
}
