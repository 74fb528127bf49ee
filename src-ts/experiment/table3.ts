// Table 3: the test error after the extra epochs, by what the network was trained on.
import * as Plot from '@observablehq/plot';
import { drawChart } from '../report/chart.ts';
import type { ResultColumn, ResultFigure } from '../report/experiment-result.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import { describeRuns, finetuneAll, type NetworkRuns } from './finetuning.ts';
import { DIET_TITLES, DIETS, TRAINABLE } from './protocol.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

export const table3: Experiment = {
  networks: TRAINABLE,
  trains: true,
  run: async (context) => {
    const runs = await finetuneAll(
      context,
      DIETS.map((diet) => ({ diet })),
    );
    const rows = runs.flatMap(rowsOf);
    await writeResult(context, {
      experiment: 'table3',
      title: 'Table 3: test error after fine-tuning',
      abstract:
        'The test error after the extra epochs of figure 6, by what the network was trained on, beside ' +
        "that before them. ρ̂ is DeepFool's measure of robustness after them.",
      ...describeRuns(runs),
      tables: [{ name: 'table3', title: 'Test error after fine-tuning', columns: COLUMNS, rows }],
      figures: [await draw(context, rows, runs)],
      grids: [],
    });
  },
};

function rowsOf({ network, plan, curves }: NetworkRuns) {
  return curves.map(({ variant, points }) => {
    const [start, end] = [points[0]!, points.at(-1)!];
    return {
      network: network.name,
      trained_on: DIET_TITLES[variant.diet],
      error_before: start.error,
      error: end.error,
      paper_error: plan.paperErrors[variant.diet],
      ratio: end.error / plan.paperErrors[variant.diet],
      rho_before: start.rho,
      rho: end.rho,
    };
  });
}

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'trained_on', title: 'trained on' },
  { key: 'error_before', title: 'error before', unit: '%' },
  { key: 'error', title: 'test error', unit: '%', paper: 'paper_error' },
  { key: 'rho_before', title: 'ρ̂ before' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖ as DeepFool finds it' },
];

const GRID = '#e4e2dc';
const PAPER = '#8a8780';
const LEFT = 140;

async function draw(
  { folder, quick }: ExperimentContext,
  rows: readonly ReturnType<typeof rowsOf>[number][],
  runs: readonly NetworkRuns[],
): Promise<ResultFigure> {
  const networks = runs.map(({ network }) => network.name);
  const place = { y: 'trained_on', fy: 'network' } as const;
  const head = { frameAnchor: 'top-left', facet: 'super', dx: 12 - LEFT } as const;
  const sizes = runs.map(({ network, plan }) => `${network.name}: ${plan.words}`);
  const heading = 'Test error in % after fine-tuning · dots: here, rings: in the paper';
  const top = 56 + 16 * sizes.length;
  const chart = await drawChart({
    width: 820,
    height: top + 40 + 25 * rows.length + 25 * networks.length,
    marginLeft: LEFT,
    marginTop: top,
    marginRight: 170,
    x: { type: 'log', label: null, nice: true, ticks: 5, tickFormat: String, tickSize: 0 },
    y: { label: null, domain: Object.values(DIET_TITLES), tickSize: 0 },
    fy: { label: null, domain: networks, padding: 0.2, axis: 'right' },
    color: { domain: Object.values(DIET_TITLES) },
    marks: [
      Plot.text([heading], { ...head, dy: 14 - top, fontWeight: 600, fontSize: 14 }),
      ...sizes.map((size, k) =>
        Plot.text([quick ? `quick run, ${size}` : size], { ...head, dy: 36 + 16 * k - top }),
      ),
      Plot.gridX({ stroke: GRID, strokeOpacity: 1 }),
      Plot.dot(rows, { ...place, x: 'paper_error', r: 4, stroke: PAPER, fill: '#ffffff' }),
      Plot.dot(rows, { ...place, x: 'error', r: 4.5, fill: 'trained_on' }),
    ],
  });
  return writeFigure(folder, 'table3', chart, {
    caption: 'Test error after fine-tuning: dots here, rings in the paper.',
    alt: 'Dots on a logarithmic scale of test errors, one for each network and what it was trained on; the table has the numbers.',
  });
}
