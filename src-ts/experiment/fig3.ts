// Figure 3: DeepFool on a binary classifier is Newton's method: each step goes to where the tangent at the
// last point is zero. The classifier is the difference of a network's two largest logits.
import * as Plot from '@observablehq/plot';
import { drawChart, type Chart } from '../report/chart.ts';
import type { Experiment } from './experiment.ts';
import { iteratesOf, type Iterates } from './iterates.ts';
import { minus, norm, Plane, type Window } from './plane.ts';
import * as draw from './plane-chart.ts';
import type { Linearization, Point } from './probe.ts';
import * as slices from './slice.ts';
import type { Slice } from './slice.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

export const fig3: Experiment = {
  networks: [slices.FIGURE_NETWORK],
  run: (context) =>
    slices.withSlice(context, async (slice) => {
      const { network, image, own, model } = slice;
      const { points, record } = await iteratesOf(context.device, model, image, { candidates: 2 });
      const steps = await stepsOf(slice, points, record.adversarial!);
      const f = `f = ${draw.indexed('f', record.adversarial!)} − ${draw.indexed('f', own)}`;
      const map = await drawMap(slice, steps, f);
      const figures = [
        await writeFigure(context.folder, 'fig3', map, {
          caption: `${f} of ${network.name} around ${slices.nameOfImage(slice)}, and DeepFool's way to its zero.`,
          alt: 'Level lines of f on a plane; arrows lead from the image over the iterates to the line f = 0.',
        }),
        await writeFigure(context.folder, 'fig3-path', await drawPath(slice, steps, f), {
          caption: 'f along the way, and the tangents that the steps follow to zero.',
          alt: 'A curve that rises to zero, and at each iterate a straight line that touches it and reaches zero.',
        }),
      ];
      await writeResult(context, {
        experiment: 'fig3',
        title: 'Figure 3: the binary case, step by step',
        abstract:
          `DeepFool on the difference of the two largest logits of ${network.name} at ${slices.nameOfImage(slice)}: each step ` +
          'leads to where the tangent of f at the last point is zero, times 1 + η = 1.02.',
        settings: slices.settingsOf(slice),
        notes: [],
        seeds: slices.NO_SEEDS,
        tables: [
          {
            name: 'fig3',
            title: 'The iterates',
            columns: [
              { key: 'iterate', title: 'iterate' },
              { key: 'f', title: 'f' },
              { key: 'slope', title: '‖∇f‖₂' },
              {
                key: 'distance',
                title: '|f| / ‖∇f‖₂',
                meaning: 'how far the zero of the tangent is',
              },
              { key: 'from_image', title: '‖x − x₀‖₂' },
              { key: 'off', title: 'off the plane', meaning: "distance from the picture's plane" },
            ],
            rows: steps.iterates.map(({ f: value, slope, place }, i) => ({
              iterate: `x${i}`,
              f: value,
              slope,
              distance: Math.abs(value) / slope,
              from_image: norm(minus(points[i]!, image.pixels)),
              off: place.off,
            })),
          },
        ],
        figures,
        grids: [],
      });
    }),
};

interface Steps {
  readonly k: number;
  readonly plane: Plane;
  readonly points: readonly Point[];
  readonly iterates: readonly {
    readonly f: number;
    /** ‖∇f‖₂ */
    readonly slope: number;
    readonly tangent: Linearization;
    readonly place: ReturnType<Plane['project']>;
  }[];
}

/** The iterates with their tangents, on the plane of the first two steps. */
async function stepsOf(
  { probe, own }: Slice,
  points: Iterates['points'],
  k: number,
): Promise<Steps> {
  const [x0, x1, x2] = points as [Point, Point, Point?];
  const plane = Plane.through(x0, minus(x1, x0), minus(x2 ?? x1, x1));
  const iterates = [];
  for (const point of points) {
    const tangent = await probe.linearize(point);
    const slope = norm(minus(tangent.gradients[k]!, tangent.gradients[own]!));
    const f = tangent.logits[k]! - tangent.logits[own]!;
    iterates.push({ f, slope, tangent, place: plane.project(point) });
  }
  return { k, plane, points, iterates };
}

async function drawMap(slice: Slice, { k, plane, iterates }: Steps, f: string): Promise<Chart> {
  const { own, network, nameOf, probe } = slice;
  const d = iterates[1]!.place.s;
  const window: Window = { s: [-0.45 * d, 1.85 * d], t: [-0.55 * d, 0.8 * d] };
  const values = slices.differences(await slices.sampleLogits({ probe, plane }, window), k, own);
  const last = iterates.length - 1;
  return draw.drawPlane({
    title: 'Figure 3 · The binary case: each step ends where a tangent is zero',
    facts: [
      `${f} of ${network.name} around x₀ = ${slices.nameOfImage(slice)}, of class ${nameOf(own)}; level lines every 2.`,
      `The plane holds x₀, x₁ and x₂; ${draw.indexed('x', last)} is of class ${nameOf(k)}. Orange: where the tangents of f at x₀ and x₁ are zero.`,
    ],
    window,
    marks: [
      ...draw.levels(values, 2),
      draw.contourAt(values, [0], { stroke: draw.INK, strokeWidth: 2.2 }),
      ...iterates.slice(0, 2).map(({ tangent }, i) =>
        draw.zeroLine(slices.differenceOf(plane.restrict(tangent), k, own), window, {
          ...{ stroke: draw.ORANGE, strokeWidth: 2, strokeOpacity: i === 0 ? 1 : 0.6 },
        }),
      ),
      ...draw.path(iterates.map(({ place }) => place)),
      ...draw.words([{ ...iterates[0]!.place, text: 'x₀' }], { dx: -22 }),
      ...draw.words([{ ...iterates[1]!.place, text: 'x₁' }], { dx: 8, dy: 12 }),
      ...draw.words([{ ...iterates.at(-1)!.place, text: `x₂ … ${draw.indexed('x', last)}` }], {
        dx: 10,
      }),
    ],
  });
}

/** Points on each piece of the way. */
const PIECES = 60;

async function drawPath(slice: Slice, { k, points, iterates }: Steps, f: string): Promise<Chart> {
  const { own, probe, network } = slice;
  const walked = [0];
  const along: Point[] = [];
  const at: number[] = [];
  for (const [i, to] of points.slice(1).entries()) {
    const from = points[i]!;
    const length = norm(minus(to, from));
    for (let n = 0; n <= PIECES; n++) {
      along.push(from.map((value, j) => value + (n / PIECES) * (to[j]! - value)));
      at.push(walked[i]! + (n / PIECES) * length);
    }
    walked.push(walked[i]! + length);
  }
  const logits = await probe.logits(along);
  const curve = logits.map((each, n) => ({ s: at[n]!, f: each[k]! - each[own]! }));
  const tangents = iterates.slice(0, 3).map(({ f: value, slope }, i) => ({
    ...{ s1: walked[i]!, f1: value, s2: walked[i]! - value / slope, f2: 0 },
  }));
  const dots = iterates.map(({ f: value }, i) => ({ s: walked[i]!, f: value }));
  const names = dots.slice(0, 3).map((each, i) => ({ ...each, text: draw.indexed('x', i) }));
  const head = { frameAnchor: 'top-left', textAnchor: 'start', dx: -40 } as const;
  const place = { x: 's', y: 'f' } as const;
  return drawChart({
    width: 860,
    height: 420,
    ...{ marginTop: 92, marginLeft: 56, marginRight: 40, marginBottom: 48, inset: 8 },
    x: { label: null },
    y: { label: null },
    marks: [
      Plot.gridY({ stroke: '#e4e2dc', strokeOpacity: 1 }),
      Plot.ruleY([0], { stroke: draw.INK }),
      Plot.line(curve, { ...place, stroke: draw.GREEN, strokeWidth: 2.2 }),
      Plot.link(tangents, {
        ...{ x1: 's1', y1: 'f1', x2: 's2', y2: 'f2', stroke: draw.ORANGE, strokeWidth: 1.6 },
        strokeDasharray: '5 3',
      }),
      Plot.dot(tangents, { x: 's2', y: 'f2', r: 3.5, stroke: draw.ORANGE, fill: '#ffffff' }),
      Plot.dot(dots, { ...place, r: 3.6, fill: draw.INK, stroke: '#ffffff' }),
      Plot.text(names, {
        ...place,
        text: 'text',
        textAnchor: 'start',
        dx: 10,
        dy: 7,
        fontSize: 13,
      }),
      Plot.text(['Figure 3 · f along the way'], {
        ...{ ...head, dy: -68, fontSize: 16, fontWeight: 600 },
      }),
      ...[
        `${f} of ${network.name} from x₀ = ${slices.nameOfImage(slice)}, over the distance ‖·‖₂ that was walked.`,
        'Dashed: the tangents. Each step ends where its tangent is zero, and 2 % beyond.',
      ].map((fact, row) => Plot.text([fact], { ...head, dy: 17 * row - 42, fill: draw.QUIET })),
    ],
  });
}
