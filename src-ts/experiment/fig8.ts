// Figure 8: a digit whose perturbation by DeepFool is made larger and larger turns into the class that it is
// taken for, which is why training on such images under the old label harms.
import { join } from 'node:path';
import { deepfool } from '../api/deepfool.ts';
import { loadModel, type Model } from '../api/model.ts';
import type { Result } from '../api/result.ts';
import { openDataset } from '../data/dataset.ts';
import { encodePng } from '../data/image.ts';
import { toCanvas } from '../report/bitmap.ts';
import { drawText, type TextStyle } from '../report/canvas.ts';
import { drawPicture } from '../report/picture.ts';
import type { ImageGrid, ResultColumn, ResultFigure } from '../report/experiment-result.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import { classOf, Probe } from './probe.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

const ALPHAS = [0, 1, 2, 3, 4];
/** The first test images, of which one of each class is shown. */
const LOOKED_AT = 64;
const TILE = 84;
const GAP = 14;
const CAPTION = 26;
const MARGIN = 24;
const TOP = 92;
const INK = '#1d1d1f';
const QUIET = '#77767a';
const SIDE = 28;

/** An image moved by α times its perturbation, and what the network takes it for. */
interface Moved {
  readonly network: string;
  readonly image: number;
  readonly label: number | null;
  readonly alpha: number;
  readonly predicted: number;
  readonly pixels: Float32Array;
  /** Of its PNG. */
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
      for (const { file, pixels } of moved) await context.folder.write(file, await encode(pixels));
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
  const classes = await classify(model, moved, device);
  return moved.map((each, k) => ({ ...each, predicted: classes[k]! }));
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
  images: readonly { readonly pixels: Float32Array }[],
  device: ExperimentContext['device'],
): Promise<number[]> {
  const probe = await Probe.open(device, model);
  try {
    return (await probe.logits(images.map(({ pixels }) => pixels))).map(classOf);
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
  const rows = moved.length / ALPHAS.length;
  const picture = drawPicture(
    2 * MARGIN + ALPHAS.length * (TILE + GAP) - GAP,
    TOP + rows * (TILE + CAPTION),
    (context) => {
      const write = (text: string, x: number, y: number, style: Partial<TextStyle> = {}): void => {
        drawText(context, text, x, y, { size: 13, color: INK, ...style });
      };
      const sample = quick ? ' · quick run: of the same images as a full one' : '';
      write('Figure 8 · Digits that turn into others', MARGIN, 36, { size: 16, weight: 600 });
      write(`${name}${sample}`, MARGIN, 56, { color: QUIET });
      for (const [k, { pixels, predicted, alpha }] of moved.entries()) {
        const [row, column] = [Math.floor(k / ALPHAS.length), k % ALPHAS.length];
        const [x, y] = [MARGIN + column * (TILE + GAP), TOP + row * (TILE + CAPTION)];
        const middle = { align: 'center', maxWidth: TILE } as const;
        if (row === 0) write(`α = ${alpha}`, x + TILE / 2, TOP - 8, { ...middle, color: QUIET });
        context.drawImage(toCanvas(pixels, [1, SIDE, SIDE]), x, y, TILE, TILE);
        write(String(predicted), x + TILE / 2, y + TILE + 16, { ...middle, weight: 600 });
      }
    },
  );
  return writeFigure(folder, `fig8-${model}`, picture, {
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
