// Tables 1 and 2: the test error, ρ̂ and time of DeepFool and of what the paper compares it with, for p = 2
// and p = ∞, beside the paper's numbers. L-BFGS is dear and stays in a box, so it runs on fewer images: a
// second table has DeepFool on those very images, with a box and without; a third tells what a mean over the
// first few images is worth.
import type { Method } from '../attack/attack.ts';
import type { ResultColumn, ResultTable } from '../report/experiment-result.ts';
import { runCell, type Cell, type Norm } from './cell.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import { meanOf } from './mean.ts';
import type { Network } from './networks.ts';
import { compareOnSameImages, SAME_IMAGES, type SameImages } from './same-images.ts';
import { drawTable } from './table-chart.ts';
import { writeResult } from './write-result.ts';

export const table1: Experiment = { run: (context) => runTable(context, '2') };
export const table2: Experiment = { run: (context) => runTable(context, 'inf') };

/** One cell of a table: a method on a network. */
export interface TableRow {
  readonly network: string;
  readonly method: Method;
  readonly norm: Norm;
  readonly images: number;
  readonly fooled: number;
  /** Percent of the images attacked that are misclassified to begin with; null without labels. */
  readonly error: number | null;
  /** Null beside L-BFGS too, whose images are too few to count errors on. */
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

/** DeepFool's ρ̂ over the first images of a data set. */
export interface SubsetRow {
  readonly network: string;
  readonly images: number;
  readonly rho: number | null;
  readonly standard_error: number | null;
}

const METHODS_OF: Readonly<Record<Norm, readonly Method[]>> = {
  '2': ['deepfool', 'fgsm', 'fgsm-float32', 'lbfgs'],
  inf: ['deepfool', 'fgsm', 'fgsm-float32'],
};
/** First images that a mean is told for, besides all. */
const SUBSETS = [100, 300];

interface Rows {
  readonly table: TableRow[];
  readonly same: SameImages[];
  readonly subsets: SubsetRow[];
}

/** Runs the cells of a table that are not there yet, and writes it as CSV, JSON, SVG and PNG. */
async function runTable(context: ExperimentContext, norm: Norm): Promise<void> {
  const rows: Rows = { table: [], same: [], subsets: [] };
  for (const network of context.networks) {
    const cells = new Map<Method, Cell>();
    for (const method of METHODS_OF[norm]) {
      const count = imagesFor(network, method, context.quick);
      if (count === 0) continue;
      const cell = await attackWith(context, network, norm, count, method);
      cells.set(method, cell);
      rows.table.push(rowOf(network, method, norm, cell));
    }
    rows.subsets.push(...subsetsOf(network, cells.get('deepfool')!));
    const lbfgs = cells.get('lbfgs');
    if (lbfgs !== undefined) {
      rows.same.push(await compareOnSameImages(context, network, norm, lbfgs));
    }
  }
  await writeTable(context, norm, rows);
}

/** A cell; fast gradient sign's ε is the same for every p, and found once, for p = 2. */
async function attackWith(
  context: ExperimentContext,
  network: Network,
  norm: Norm,
  count: number,
  method: Method,
): Promise<Cell> {
  if (norm === '2' || !method.startsWith('fgsm')) {
    return runCell(context, network, norm, count, { method });
  }
  const { summary } = await runCell(context, network, '2', count, { method });
  const cell = await runCell(context, network, norm, count, { method, epsilon: summary.epsilon! });
  return { ...cell, summary: { ...cell.summary, notes: summary.notes } };
}

function imagesFor(network: Network, method: Method, quick: boolean): number {
  const { all, lbfgs } = network.images[quick ? 'quick' : 'full'];
  return method === 'lbfgs' ? lbfgs : all;
}

function rowOf(network: Network, method: Method, norm: Norm, { summary, cpu }: Cell): TableRow {
  const { images, accuracy, rho_mean: rho } = summary;
  const paperRho = network.paper?.[norm === 'inf' ? 'linf' : 'l2'][method] ?? null;
  return {
    network: network.name,
    method,
    norm,
    images,
    fooled: summary.fooled,
    error: accuracy === null ? null : Number((100 * (1 - accuracy)).toFixed(4)),
    paper_error: method === 'lbfgs' ? null : (network.paper?.error ?? null),
    rho,
    paper_rho: paperRho,
    ratio: rho === null || paperRho === null ? null : rho / paperRho,
    rho_input: summary.rho_input_mean,
    ms: (1000 * summary.seconds) / images,
    cpu_ms: (1000 * cpu) / images,
    notes: summary.notes.join('; '),
  };
}

function subsetsOf({ name: network, inClassOrder }: Network, { rhos }: Cell): SubsetRow[] {
  const subsets = inClassOrder === undefined ? SUBSETS : [];
  const counts = [...subsets.filter((count) => count < rhos.length), rhos.length];
  return counts.map((images) => {
    const mean = meanOf(rhos.slice(0, images));
    return {
      network,
      images,
      rho: mean?.value ?? null,
      standard_error: mean?.error ?? null,
    };
  });
}

async function writeTable(context: ExperimentContext, norm: Norm, rows: Rows): Promise<void> {
  const name = norm === '2' ? 'table1' : 'table2';
  const p = norm === '2' ? '2' : '∞';
  const title = `Table ${norm === '2' ? 1 : 2}: ρ̂ for p = ${p}`;
  const chart = await drawTable(rows.table, norm, context.quick);
  await context.folder.write(`${name}.svg`, chart.svg);
  await context.folder.write(`${name}.png`, chart.png);
  const tables: ResultTable[] = [
    { name, title, columns: COLUMNS, rows: rows.table.map((row) => ({ ...row })) },
    {
      name: `${name}-subsets`,
      title: 'DeepFool: what the mean over the first images is worth',
      columns: SUBSET_COLUMNS,
      rows: rows.subsets.map((row) => ({ ...row })),
    },
  ];
  if (rows.same.length > 0) {
    tables.push({
      name: `${name}-same-images`,
      title: 'DeepFool and L-BFGS on the same images',
      columns: SAME_IMAGES.columns,
      rows: rows.same.map((row) => ({ ...row })),
    });
  }
  await writeResult(context, {
    experiment: name,
    title,
    abstract:
      'How large the perturbations of DeepFool are, and those of what the paper compares it with: ' +
      `ρ̂ is the mean of ‖r̂‖ / ‖x‖ for p = ${p} over the images that were fooled.`,
    settings: { p, networks: context.networks.map(({ model }) => model).join(', ') },
    notes: [
      ...rows.table.filter(({ notes }) => notes !== '').map(noteOf),
      ...subsetNotes(rows.subsets),
      ...rows.same.map(SAME_IMAGES.note),
    ],
    seeds: 'none: nothing is drawn at random',
    tables,
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

/** For each network the means over its subsets, in one sentence. */
function subsetNotes(rows: readonly SubsetRow[]): string[] {
  const networks = [...new Set(rows.map(({ network }) => network))];
  return networks.flatMap((network) => {
    const own = rows.filter((row) => row.network === network);
    const last = own.at(-1)!;
    if (own.length < 2 || last.standard_error === null) return [];
    const means = own.map(
      ({ images, rho }) => `${rho?.toFixed(4) ?? '–'} over the first ${images}`,
    );
    const error = last.standard_error.toFixed(4);
    return [`${network}: DeepFool's ρ̂ is ${means.join(', ')} (standard error ${error})`];
  });
}

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'method', title: 'method' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖, x as pixels', paper: 'paper_rho' },
  { key: 'rho_input', title: 'ρ̂ of the input', meaning: 'the same after normalisation' },
  { key: 'error', title: 'error', unit: '%', meaning: 'test error', paper: 'paper_error' },
  { key: 'images', title: 'images', meaning: 'images attacked' },
  { key: 'fooled', title: 'fooled', meaning: 'of them whose class changed' },
  { key: 'ms', title: 'time', unit: 'ms', digits: 3, meaning: 'wall time for an image' },
  {
    key: 'cpu_ms',
    title: 'CPU',
    unit: 'ms',
    digits: 3,
    meaning: 'processor time for an image',
  },
];

const SUBSET_COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'images', title: 'first images' },
  { key: 'rho', title: 'ρ̂' },
  {
    key: 'standard_error',
    title: 'standard error',
    digits: 2,
    meaning:
      'how far the mean over as many other images of the kind is likely to lie from this one',
  },
];
