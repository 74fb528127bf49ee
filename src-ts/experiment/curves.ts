// Curves over the extra epochs, a figure for each network: what figures 6, 7 and 9 are.
import * as Plot from '@observablehq/plot';
import { drawChart } from '../report/chart.ts';
import type { ResultFigure } from '../report/experiment-result.ts';
import type { ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import { writeFigure } from './write-figure.ts';

/** A curve's name, and its value before the first epoch and after each. */
export interface Series {
  readonly title: string;
  readonly values: readonly (number | null)[];
}

export interface CurvesFigure {
  /** Stem of its files. */
  readonly name: string;
  readonly network: Network;
  /** What goes up, as the axis has it. */
  readonly quantity: string;
  readonly series: readonly Series[];
  /** How many images it was made with. */
  readonly subset: string;
}

interface Dot {
  readonly title: string;
  readonly epoch: number;
  readonly value: number;
}

const GRID = '#e4e2dc';
const HEADING = { dy: -68, fontWeight: 600, fontSize: 14 };
const QUIET = '#77767a';
/** Least distance of two names at the ends of curves, as a share of the largest value. */
const APART = 0.06;

/** Draws curves and writes them as SVG and PNG. */
export async function writeCurves(
  { folder, quick }: ExperimentContext,
  { name, network, quantity, series, subset }: CurvesFigure,
): Promise<ResultFigure> {
  const dots = series.flatMap(({ title, values }) =>
    values.flatMap((value, epoch) => (value === null ? [] : [{ title, epoch, value }])),
  );
  const place = { x: 'epoch', y: 'value' } as const;
  const epochs = [...new Set(dots.map(({ epoch }) => epoch))];
  const head = { frameAnchor: 'top-left', dx: -42 } as const;
  const chart = await drawChart({
    width: 620,
    height: 380,
    marginLeft: 50,
    marginTop: 80,
    marginRight: 150,
    marginBottom: 40,
    x: { label: 'extra epochs', ticks: epochs, tickFormat: 'd' },
    y: { label: null, zero: true, nice: true, ticks: 6, tickSize: 0 },
    color: { domain: series.map(({ title }) => title) },
    marks: [
      Plot.gridY({ stroke: GRID, strokeOpacity: 1 }),
      Plot.text([`${network.name}: ${quantity}`], { ...head, ...HEADING }),
      Plot.text([quick ? `quick run: ${subset}` : subset], { ...head, dy: -46, fill: QUIET }),
      Plot.lineY(dots, { ...place, stroke: 'title', strokeWidth: 2 }),
      Plot.dot(dots, { ...place, fill: 'title', r: 3.5 }),
      Plot.text(namesOf(dots), {
        ...{ ...place, text: 'title', fill: 'title', textAnchor: 'start', dx: 10 },
      }),
    ],
  });
  const titles = series.map(({ title }) => title).join(', ');
  return writeFigure(folder, name, chart, {
    caption: `${network.name}: ${quantity} against extra epochs.`,
    alt: `Curves over the extra epochs: ${titles}; the table has the numbers.`,
  });
}

/** Where the curves' names stand: at their ends, moved up where they would cover each other. */
function namesOf(dots: readonly Dot[]): Dot[] {
  const gap = APART * Math.max(...dots.map(({ value }) => value));
  const last = new Map(dots.map((dot) => [dot.title, dot]));
  let floor = -Infinity;
  return [...last.values()]
    .sort((a, b) => a.value - b.value)
    .map((dot) => {
      const value = Math.max(dot.value, floor);
      floor = value + gap;
      return { ...dot, value };
    });
}
