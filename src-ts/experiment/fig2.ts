// Figure 2: a binary affine classifier, and the shortest way to its hyperplane. The classifier is the
// difference of two logits of a real network, linearised at a real image.
import * as Plot from '@observablehq/plot';
import type { Chart } from '../report/chart.ts';
import type { Experiment } from './experiment.ts';
import type { Window } from './plane.ts';
import * as draw from './plane-chart.ts';
import * as slices from './slice.ts';
import type { Slice } from './slice.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

export const fig2: Experiment = {
  networks: [slices.FIGURE_NETWORK],
  run: (context) =>
    slices.withSlice(context, async (slice) => {
      const { network, own, faces, probe, plane, nameOf, here } = slice;
      const { k, distance } = faces[0];
      const f = `f = ${draw.indexed('f', k)} − ${draw.indexed('f', own)}`;
      const there = (await probe.logits([plane.at(distance, 0)]))[0]!;
      const figure = await writeFigure(context.folder, 'fig2', await drawFigure(slice, f), {
        caption: `${f} of ${network.name}, linearised at ${slices.nameOfImage(slice)}: the shortest way to its hyperplane.`,
        alt: 'A plane in two tints with a straight border. An arrow leads from the image to it at a right angle.',
      });
      await writeResult(context, {
        experiment: 'fig2',
        title: 'Figure 2: a binary affine classifier',
        abstract:
          `${f}, two logits of ${network.name} linearised at ${slices.nameOfImage(slice)}, is an affine classifier of image ` +
          'space. The smallest perturbation that changes its sign leads straight to its hyperplane.',
        settings: slices.settingsOf(slice),
        notes: [],
        seeds: slices.NO_SEEDS,
        tables: [
          {
            name: 'fig2',
            title: 'The classifier, and what the network itself says at the hyperplane',
            columns: [
              { key: 'classes', title: 'classes' },
              { key: 'f', title: 'f(x₀)' },
              { key: 'distance', title: '‖r*‖₂', meaning: '|f(x₀)| / ‖w‖₂' },
              { key: 'f_there', title: 'f of the network at x₀ + r*' },
            ],
            rows: [
              {
                classes: `${nameOf(own)}, ${nameOf(k)}`,
                f: here.logits[k]! - here.logits[own]!,
                distance,
                f_there: there[k]! - there[own]!,
              },
            ],
          },
        ],
        figures: [figure],
        grids: [],
      });
    }),
};

async function drawFigure(slice: Slice, f: string): Promise<Chart> {
  const { network, own, faces, plane, here, nameOf } = slice;
  const { k, distance: d } = faces[0];
  const window: Window = { s: [-0.6 * d, 2 * d], t: [-0.72 * d, 0.78 * d] };
  const functions = plane.restrict(here);
  const affine = slices.differenceOf(functions, k, own);
  const real = await slices.sampleLogits(slice, window);
  const levels = slices.differences(slices.linearLogits(functions, window), k, own);
  const corner = 0.05 * d;
  const square = [
    [d - corner, 0],
    [d - corner, corner],
    [d, corner],
  ];
  return draw.drawPlane({
    title: 'Figure 2 · A binary affine classifier',
    facts: [
      `${f} of ${network.name}, linearised at x₀ = ${slices.nameOfImage(slice)}. White lines: f in steps of 4.`,
      `The plane holds x₀ and the normals of its two nearest faces; distances are ‖·‖₂ in image space.`,
    ],
    window,
    marks: [
      Plot.frame({ fill: draw.HOME_TINT }),
      draw.contourAt(levels, [0], { fill: draw.TINTS[1]!, stroke: 'none' }),
      draw.contourAt(levels, [-24, -20, -16, -12, -8, -4, 4, 8, 12, 16, 20], {
        stroke: '#ffffff',
        strokeOpacity: 0.8,
      }),
      draw.contourAt(slices.differences(real, k, own), [0], {
        ...{ stroke: draw.INK, strokeDasharray: '5 4', strokeWidth: 1.3 },
      }),
      draw.zeroLine(affine, window, { stroke: draw.GREEN, strokeWidth: 2.5 }),
      Plot.line(square, { stroke: draw.INK }),
      ...draw.path([
        { s: 0, t: 0, off: 0 },
        { s: d, t: 0, off: 0 },
      ]),
      ...draw.words([{ s: 0, t: 0, text: 'x₀' }], { dx: -22 }),
      ...draw.words([{ s: d / 2, t: 0, text: 'r*(x₀) = −f(x₀) w / ‖w‖₂²' }], {
        ...MIDDLE,
        dy: -16,
      }),
      ...draw.words([{ s: d / 2, t: 0, text: `‖r*(x₀)‖₂ = |f(x₀)| / ‖w‖₂ = ${d.toFixed(3)}` }], {
        ...{ ...MIDDLE, dy: 18 },
      }),
      ...draw.words([{ s: d, t: window.t[1], text: 'F: f(x) = 0' }], {
        dx: 10,
        dy: 18,
        fill: draw.GREEN,
      }),
      ...draw.words(
        [
          { s: window.s[0], t: window.t[0], text: `f(x) < 0, class ${nameOf(own)}` },
          { s: d, t: window.t[0], text: `f(x) > 0, class ${nameOf(k)}` },
        ],
        { dx: 12, dy: -14, fontWeight: 600 },
      ),
      ...draw.words([{ s: 1.06 * d, t: -0.3 * d, text: 'dashed: f = 0 of\nthe network itself' }]),
    ],
  });
}

const MIDDLE = { textAnchor: 'middle' } as const;
