// The picture of a table: ρ̂ of each method on each network, beside the paper's.
import * as Plot from '@observablehq/plot';
import type { Method } from '../attack/attack.ts';
import { drawChart, type Chart } from '../report/chart.ts';
import type { Norm } from './cell.ts';

/** What is shown of a table's row. */
interface Shown {
  readonly network: string;
  readonly method: Method;
  readonly images: number;
  readonly rho: number | null;
  readonly paper_rho: number | null;
}

const TITLES: Readonly<Record<Method, string>> = {
  deepfool: 'DeepFool',
  fgsm: 'fast gradient sign',
  'fgsm-float32': 'the same in float32',
  lbfgs: 'L-BFGS',
};
const COLORS = ['#1b7f5c', '#c8553d', '#d99a2b', '#4a5fa8'];
const LEFT = 140;
const GRID = '#e4e2dc';
const PAPER = '#8a8780';

/** A dot for each row on a logarithmic scale, and a ring for the paper's number. */
export function drawTable(rows: readonly Shown[], norm: Norm, quick: boolean): Promise<Chart> {
  const [networks, methods] = [unique(rows, ({ network }) => network), unique(rows, titleOf)];
  const ours = rows.filter(({ rho }) => rho !== null);
  const theirs = rows.filter(({ paper_rho }) => paper_rho !== null);
  const place = { y: titleOf, fy: 'network' };
  const p = norm === 'inf' ? '∞' : norm;
  const subset = quick ? ' · quick run, on as many images as told' : '';
  const heading = `Mean of ρ = ‖r‖ / ‖x‖, p = ${p} · dots: here, rings: in the paper${subset}`;
  const number = {
    ...{ ...place, x: 'rho', fontSize: 10, fill: titleOf },
    text: ({ rho, images }: Shown) => `${rho!.toPrecision(3)}, ${images} images`,
  };
  return drawChart({
    width: 880,
    height: 96 + 22 * (networks.length * (methods.length + 1)),
    marginLeft: LEFT,
    marginTop: 64,
    marginRight: 205,
    marginBottom: 32,
    x: { type: 'log', axis: 'both', label: null, nice: true, tickSize: 0, tickFormat: String },
    y: { label: null, domain: methods, tickSize: 0 },
    fy: { label: null, domain: networks, padding: 0.12, axis: 'right' },
    color: { domain: methods, range: COLORS },
    marks: [
      Plot.text([heading], { frameAnchor: 'top-left', facet: 'super', dx: 12 - LEFT, dy: -48 }),
      Plot.gridX({ stroke: GRID, strokeOpacity: 1 }),
      Plot.link(
        theirs.filter(({ rho }) => rho !== null),
        { x1: 'rho', x2: 'paper_rho', ...place, stroke: PAPER, strokeOpacity: 0.5 },
      ),
      Plot.dot(theirs, { ...place, x: 'paper_rho', r: 4, stroke: PAPER, fill: '#ffffff' }),
      Plot.dot(ours, { ...place, x: 'rho', r: 4.5, fill: titleOf }),
      Plot.text(ours.filter(isLess), { ...number, textAnchor: 'end', dx: -9 }),
      Plot.text(
        ours.filter((row) => !isLess(row)),
        { ...number, textAnchor: 'start', dx: 9 },
      ),
    ],
  });
}

const titleOf = ({ method }: Shown): string => TITLES[method];
/** Whether the paper's ring is to the right of our dot. */
const isLess = ({ rho, paper_rho }: Shown): boolean => rho! < (paper_rho ?? 0);

function unique(rows: readonly Shown[], of: (row: Shown) => string): string[] {
  return [...new Set(rows.map(of))];
}
