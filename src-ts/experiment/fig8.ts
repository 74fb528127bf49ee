// Figure 8: a digit whose perturbation by DeepFool is made larger and larger turns into the class that it is
// taken for, which is why training on such images under the old label harms.
import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { deepfool } from '../api/deepfool.ts';
import { loadModel, type Model } from '../api/model.ts';
import type { Result } from '../api/result.ts';
import { openDataset } from '../data/dataset.ts';
import { encodePng } from '../data/image.ts';
import { drawChart } from '../report/chart.ts';
import type { ImageGrid, ResultColumn, ResultFigure } from '../report/experiment-result.ts';
import { dataUri } from '../report/page/picture.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import { classOf, Probe } from './probe.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

const ALPHAS = [0, 1, 2, 3, 4];
/** The first test images, of which one of each class is shown. */
const LOOKED_AT = 64;
const TILE = 84;
const COLUMN = TILE + 14;
const ROW = TILE + 26;
const MARGIN = 16;
const BOTTOM = 20;
const TOP = 76;
const HEADING = { dy: 14 - TOP, fontWeight: 600, fontSize: 14 };
const QUIET = '#77767a';
const SIDE = 28;

/** An image moved by α times its perturbation, and what the network takes it for. */
interface Moved {
  readonly network: string;
  readonly image: number;
  readonly label: number | null;
  readonly alpha: number;
  readonly predicted: number;
  readonly png: Uint8Array;
  /** Of the PNG. */
  readonly file: string;
}

export const fig8: Experiment = {
  networks: ['lenet-mnist', 'fc500-150-10-mnist'],
  run: async (context) => {
    const figures: ResultFigure[] = [];
    const grids: ImageGrid[] = [];
    const rows: Moved[] = [];
    for (const network of context.networks) {
      const moved = await moveDigits(context, network);
      rows.push(...moved);
      for (const { file, png } of moved) await context.folder.write(file, png);
      figures.push(await draw(context, network, moved));
      grids.push(gridOf(network, moved));
    }
    await writeResult(context, {
      experiment: 'fig8',
      title: 'Figure 8: digits that turn into others',
      abstract:
        "Digits with DeepFool's perturbation added once and up to four times, and what the network takes " +
        'them for. The paper shows a 1 that turns into a 7.',
      settings: {
        alphas: ALPHAS.join(', '),
        images: `one of each class of the first ${LOOKED_AT}`,
      },
      notes: [],
      seeds: 'none: nothing is drawn at random',
      tables: [{ name: 'fig8', title: 'Classes by α', columns: COLUMNS, rows: rows.map(rowOf) }],
      figures,
      grids,
    });
  },
};

async function moveDigits(
  { models, data, device, quick, watch }: ExperimentContext,
  { name, model: file, data: images }: Network,
): Promise<Moved[]> {
  watch.onNote?.(`${name}: digits moved by up to ${ALPHAS.at(-1)} times their perturbations`);
  const model = await loadModel(join(models, `${file}.onnx`));
  const dataset = await openDataset(join(data, images), { split: 'test' });
  const range = `:${Math.min(LOOKED_AT, dataset.length)}`;
  const results = await deepfool(model, dataset, { range, device }).collect();
  const stem = `fig8${quick ? '-quick' : ''}-${file}`;
  const moved = oneOfEach(results).flatMap(({ record, image, adversarial }) =>
    ALPHAS.map((alpha) => ({
      ...{ network: name, image: record.index, label: record.label, alpha },
      pixels: image!.pixels.map((x, i) => x + alpha * (adversarial![i]! - x)),
      file: `${stem}-${record.index}-${alpha}.png`,
    })),
  );
  const classes = await classify(
    model,
    moved.map(({ pixels }) => pixels),
    device,
  );
  return Promise.all(
    moved.map(async ({ pixels, ...each }, k) => {
      return { ...each, predicted: classes[k]!, png: await encode(pixels) };
    }),
  );
}

/** The first fooled image of each class that was right, by class. */
function oneOfEach(results: readonly Result[]): Result[] {
  const fooled = results.filter(
    ({ record: { status, label, predicted } }) => status === 'fooled' && label === predicted,
  );
  const classes = [...new Set(fooled.map(({ record }) => record.label!))].sort((a, b) => a - b);
  return classes.map((label) => fooled.find(({ record }) => record.label === label)!);
}

async function classify(
  model: Model,
  images: readonly Float32Array[],
  device: ExperimentContext['device'],
): Promise<number[]> {
  const probe = await Probe.open(device, model);
  try {
    return (await probe.logits(images)).map(classOf);
  } finally {
    probe.dispose();
  }
}

/** Grey levels; what is beyond black and white is cut off. */
function encode(pixels: Float32Array): Promise<Uint8Array> {
  const bytes = Uint8Array.from(pixels, (x) => Math.round(255 * Math.min(1, Math.max(0, x))));
  return encodePng({ width: SIDE, height: SIDE, channels: 1, pixels: bytes });
}

/** A row for each digit, a column for each α. */
async function draw(
  { folder, quick }: ExperimentContext,
  { name, model }: Network,
  moved: readonly Moved[],
): Promise<ResultFigure> {
  const images = [...new Set(moved.map(({ image }) => image))];
  const place = { x: 'alpha', y: 'image' } as const;
  const head = { frameAnchor: 'top-left', dx: (COLUMN - TILE) / 2 } as const;
  const chart = await drawChart({
    width: 2 * MARGIN + ALPHAS.length * COLUMN,
    height: TOP + images.length * ROW + BOTTOM,
    margin: MARGIN,
    marginTop: TOP,
    marginBottom: BOTTOM,
    x: { type: 'point', domain: ALPHAS, padding: 0.5, axis: null },
    y: { type: 'point', domain: images, padding: 0.5, axis: null },
    marks: [
      Plot.text(['Digits that turn into others'], { ...head, ...HEADING }),
      Plot.text([quick ? `${name} · quick run: of the same images as a full one` : name], {
        ...{ ...head, dy: 38 - TOP, fill: QUIET },
      }),
      Plot.text(ALPHAS, {
        ...{ x: (alpha: number) => alpha, text: (alpha: number) => `α = ${alpha}` },
        ...{ frameAnchor: 'top', dy: -4, fill: QUIET },
      }),
      Plot.image(moved, {
        ...{ ...place, src: ({ png }: Moved) => dataUri('image/png', png) },
        ...{ width: TILE, height: TILE },
      }),
      Plot.text(moved, { ...place, text: 'predicted', dy: ROW / 2 + 1, fontWeight: 600 }),
    ],
  });
  return writeFigure(folder, `fig8-${model}`, chart, {
    caption: `${name}: digits with α times their perturbation added, and the class they are taken for.`,
    alt: 'A row for each digit, a column for each α; the table has the classes.',
  });
}

function gridOf({ name }: Network, moved: readonly Moved[]): ImageGrid {
  const images = [...new Set(moved.map(({ image }) => image))];
  return {
    title: `${name}: digits that turn into others`,
    caption: 'x + α r̂, and what the network takes it for.',
    columns: ALPHAS.map((alpha) => `α = ${alpha}`),
    rows: images.map((image) => {
      const tiles = moved.filter((each) => each.image === image);
      return {
        title: `image ${image}, a ${tiles[0]!.label}`,
        tiles: tiles.map(({ file, predicted, alpha }) => ({
          file,
          caption: String(predicted),
          alt: `image ${image} at α = ${alpha}, taken for ${predicted}`,
        })),
      };
    }),
  };
}

function rowOf({ network, image, label, alpha, predicted }: Moved) {
  return { network, image, label, alpha, predicted };
}

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'image', title: 'test image' },
  { key: 'label', title: 'label' },
  { key: 'alpha', title: 'α' },
  { key: 'predicted', title: 'taken for' },
];
