// Figure 4: a multiclass affine classifier. The region of a class is a polyhedron, and the shortest way out
// leads to the nearest of its faces. The classifier is a real network, linearised at a real image.
import type { Chart } from '../report/chart.ts';
import type { Experiment } from './experiment.ts';
import type { PlanePoint, Window } from './plane.ts';
import * as draw from './plane-chart.ts';
import * as slices from './slice.ts';
import type { Slice } from './slice.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

export const fig4: Experiment = {
  networks: [slices.FIGURE_NETWORK],
  run: (context) =>
    slices.withSlice(context, async (slice) => {
      const { network, own, faces, nameOf } = slice;
      const figure = await writeFigure(context.folder, 'fig4', await drawFigure(slice), {
        caption: `${network.name}, linearised at ${slices.nameOfImage(slice)}: the faces of class ${nameOf(own)}, and the nearest.`,
        alt: 'Straight lines bound a polygon around the image; an arrow leads to the nearest of them.',
      });
      await writeResult(context, {
        experiment: 'fig4',
        title: 'Figure 4: a multiclass affine classifier',
        abstract:
          `${network.name}, linearised at ${slices.nameOfImage(slice)}: class ${nameOf(own)} is the polyhedron that the faces ` +
          'F of the other classes bound. The nearest face is the shortest way out.',
        settings: slices.settingsOf(slice),
        notes: [
          'A face whose normal is not in the plane is nearer in image space than it looks on the plane.',
        ],
        seeds: slices.NO_SEEDS,
        tables: [
          {
            name: 'fig4',
            title: 'The faces, nearest first',
            columns: [
              { key: 'class', title: 'class' },
              { key: 'distance', title: 'distance', meaning: '|f_k − f_k0| / ‖w_k − w_k0‖₂' },
              {
                key: 'on_plane',
                title: 'on the plane',
                meaning: 'distance of its line in the picture',
              },
            ],
            rows: faces.map(({ k, distance }) => {
              const { value, slope } = lineOf(slice, k);
              return {
                class: nameOf(k),
                distance,
                on_plane: Math.abs(value) / Math.hypot(...slope),
              };
            }),
          },
        ],
        figures: [figure],
        grids: [],
      });
    }),
};

const lineOf = ({ plane, here, own }: Slice, k: number) =>
  slices.differenceOf(plane.restrict(here), k, own);

async function drawFigure(slice: Slice): Promise<Chart> {
  const { network, own, faces, plane, here, nameOf } = slice;
  const [first, second] = faces;
  const d = first.distance;
  const window: Window = { s: [-1.3 * d, 1.9 * d], t: [-0.9 * d, 1.4 * d] };
  const logits = slices.linearLogits(plane.restrict(here), window);
  const x0 = { s: 0, t: 0, off: 0 };
  const nearest = { s: d, t: 0, off: 0 };
  const next = footOf(slice, second.k);
  return draw.drawPlane({
    title: 'Figure 4 · A multiclass affine classifier',
    facts: [
      `The logits of ${network.name}, linearised at x₀ = ${slices.nameOfImage(slice)}; tints: the largest of them.`,
      `Lines: the faces F of class ${nameOf(own)}; dotted: the polyhedron P they bound. The plane holds the normals of the two nearest.`,
    ],
    window,
    marks: [
      ...draw.regions(logits, own, nameOf, [x0, nearest, next]),
      ...faces.map(({ k }) =>
        draw.zeroLine(lineOf(slice, k), window, {
          ...{ stroke: draw.INK, strokeWidth: k === first.k ? 2 : 1, strokeOpacity: 0.75 },
        }),
      ),
      draw.homeBorder(logits, own),
      ...draw.faceNames(
        faces.map(({ k }) => ({ text: draw.indexed('F', k), line: lineOf(slice, k) })),
        window,
      ),
      ...draw.path([x0, next], draw.QUIET),
      ...draw.path([x0, nearest]),
      ...draw.words([{ ...x0, text: 'x₀' }], { dx: -22 }),
      ...draw.words([{ s: d / 2, t: 0, text: `r*: ${d.toFixed(3)}` }], {
        dy: 16,
        textAnchor: 'middle',
      }),
      ...draw.words([{ s: next.s / 2, t: next.t / 2, text: second.distance.toFixed(3) }], {
        ...{ dx: -8, dy: -6, textAnchor: 'end', fill: draw.QUIET },
      }),
    ],
  });
}

/** The point of a line that is nearest to x0. */
function footOf(slice: Slice, k: number): PlanePoint {
  const { value, slope } = lineOf(slice, k);
  const scale = -value / (slope[0] ** 2 + slope[1] ** 2);
  return { s: scale * slope[0], t: scale * slope[1], off: 0 };
}
