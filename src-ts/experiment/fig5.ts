// Figure 5: the multiclass case of a real network. The regions of the classes have curved borders; DeepFool
// approximates them by the polyhedron of their tangents, steps to its nearest face, and repeats.
import type { Chart } from '../report/chart.ts';
import type { Experiment } from './experiment.ts';
import { iteratesOf } from './iterates.ts';
import { minus, norm, Plane, type PlanePoint, type Window } from './plane.ts';
import * as draw from './plane-chart.ts';
import { classOf } from './probe.ts';
import * as slices from './slice.ts';
import type { Slice } from './slice.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

export const fig5: Experiment = {
  networks: [slices.FIGURE_NETWORK],
  run: (context) =>
    slices.withSlice(context, async (slice) => {
      const { network, image, own, model, probe, nameOf } = slice;
      const { points } = await iteratesOf(context.device, model, image);
      const way = minus(points.at(-1)!, image.pixels);
      const plane = Plane.through(image.pixels, way, slice.faces[1].normal);
      const places = points.map((point) => plane.project(point));
      const logits = await probe.logits(points);
      const figure = await writeFigure(
        context.folder,
        'fig5',
        await drawFigure({ ...slice, plane }, places),
        {
          caption: `The classes of ${network.name} around ${slices.nameOfImage(slice)}, the faces at x₀ (dashed) and DeepFool's way.`,
          alt: 'Regions with curved borders around the image, straight dashed lines beside these, and arrows out.',
        },
      );
      await writeResult(context, {
        experiment: 'fig5',
        title: 'Figure 5: the multiclass case',
        abstract:
          `The classes of ${network.name} on a plane through ${slices.nameOfImage(slice)}. The borders of class ${nameOf(own)} are ` +
          'curved; DeepFool steps to the nearest face of the polyhedron of their tangents, and repeats.',
        settings: slices.settingsOf(slice),
        notes: [
          'The plane holds the first iterate and the last, and the normal of the second nearest face; the picture has ' +
            'the projections of the other iterates.',
        ],
        seeds: slices.NO_SEEDS,
        tables: [
          {
            name: 'fig5',
            title: 'The iterates',
            columns: [
              { key: 'iterate', title: 'iterate' },
              { key: 'class', title: 'class' },
              { key: 'from_image', title: '‖x − x₀‖₂' },
              { key: 'off', title: 'off the plane', meaning: "distance from the picture's plane" },
            ],
            rows: points.map((point, i) => ({
              iterate: `x${i}`,
              class: nameOf(classOf(logits[i]!)),
              from_image: norm(minus(point, image.pixels)),
              off: places[i]!.off,
            })),
          },
        ],
        figures: [figure],
        grids: [],
      });
    }),
};

async function drawFigure(slice: Slice, places: readonly PlanePoint[]): Promise<Chart> {
  const { network, own, faces, plane, here, nameOf } = slice;
  const d = faces[0].distance;
  const window: Window = { s: [-1 * d, 2.5 * d], t: [-0.9 * d, 1.6 * d] };
  const real = await slices.sampleLogits(slice, window);
  const functions = plane.restrict(here);
  const [x0, x1] = places as [PlanePoint, PlanePoint];
  const last = places.length - 1;
  return draw.drawPlane({
    title: 'Figure 5 · The multiclass case: curved borders, and their tangents at x₀',
    facts: [
      `Classes of ${network.name} around x₀ = ${slices.nameOfImage(slice)}, of class ${nameOf(own)}; the plane holds x₀, ${draw.indexed('x', last)} and the normal of a face.`,
      `Lines: where a class is as large as ${nameOf(own)}; dashed: the same of the tangents at x₀; dotted: the polyhedron of these.`,
    ],
    window,
    marks: [
      ...draw.regions(real, own, nameOf, places),
      ...faces.map(({ k }) =>
        draw.contourAt(slices.differences(real, k, own), [0], {
          ...{ stroke: draw.INK, strokeOpacity: 0.6 },
        }),
      ),
      ...faces.map(({ k }) =>
        draw.zeroLine(slices.differenceOf(functions, k, own), window, {
          ...{ stroke: draw.QUIET, strokeDasharray: '5 4', strokeOpacity: 0.8 },
        }),
      ),
      draw.homeBorder(slices.linearLogits(functions, window), own),
      ...draw.path(places),
      ...draw.words([{ ...x0, text: 'x₀' }], { dx: -22 }),
      ...draw.words([{ ...x1, text: 'x₁' }], { dx: -4, dy: 16 }),
      ...draw.words([{ ...places.at(-1)!, text: draw.indexed('x', last) }], { dx: 8, dy: -6 }),
    ],
  });
}
