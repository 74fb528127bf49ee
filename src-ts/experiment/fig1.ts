// Figure 1: an image, and the smallest perturbations that DeepFool and fast gradient sign find for it, both
// enlarged by the same factor.
import { join } from 'node:path';
import { fgsm } from '../api/baselines.ts';
import { deepfool } from '../api/deepfool.ts';
import { loadModel, type Model } from '../api/model.ts';
import type { AttackImage, AttackRecord } from '../attack/record.ts';
import { DataError } from '../core/errors.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { magnifyAll, toCanvas } from '../report/bitmap.ts';
import { drawText, type TextStyle } from '../report/canvas.ts';
import type { Chart } from '../report/chart.ts';
import { drawPicture } from '../report/picture.ts';
import type { Experiment, ExperimentContext } from './experiment.ts';
import { writeFigure } from './write-figure.ts';
import { writeResult } from './write-result.ts';

/** The image that is shown. */
const IMAGE = 25;
const METHODS = { deepfool: 'DeepFool', fgsm: 'fast gradient sign' } as const;

export const fig1: Experiment = {
  networks: ['mobilenetv2-imagenet'],
  run: async (context) => {
    const [network] = context.networks as [ExperimentContext['networks'][number]];
    const dataset = await openDataset(join(context.data, network.data));
    const model = await loadModel(join(context.models, `${network.model}.onnx`));
    const found = await attackOnce(context, model, dataset);
    const nameOf = (k: number | null): string => dataset.classNames?.[k ?? -1] ?? `class ${k}`;
    const [{ image, record }] = found as [Found, Found];
    const { factor } = magnifyAll(found.map(pairOf));
    const figure = await writeFigure(
      context.folder,
      'fig1',
      draw(`${network.name}, ${image.source}`, model, found, nameOf),
      {
        caption:
          `${network.name}, ${image.source}: above DeepFool's perturbation, below that of fast gradient sign, ` +
          `both × ${factor}, and what the network takes the sums for.`,
        alt: `Two rows of three images: ${nameOf(record.predicted)}, a perturbation, and their sum, which looks like the first.`,
      },
    );
    await writeResult(context, {
      experiment: 'fig1',
      title: 'Figure 1: how little it takes',
      abstract:
        `The smallest perturbations of ${image.source} that DeepFool and fast gradient sign find for ${network.name}, ` +
        'p = 2; ε is the smallest for which this one image is misclassified.',
      settings: { network: network.name, image: image.source, magnified: `× ${factor}` },
      notes: [],
      seeds: 'none: nothing is drawn at random',
      tables: [
        {
          name: 'fig1',
          title: 'The two perturbations',
          columns: [
            { key: 'method', title: 'method' },
            { key: 'predicted', title: 'predicted' },
            { key: 'becomes', title: 'becomes' },
            { key: 'l2', title: '‖r̂‖₂' },
            { key: 'linf', title: '‖r̂‖_∞' },
            { key: 'rho', title: 'ρ', meaning: '‖r̂‖₂ / ‖x‖₂' },
          ],
          rows: found.map(({ method, record: { predicted, adversarial, l2, linf, rho } }) => ({
            method,
            predicted: nameOf(predicted),
            becomes: nameOf(adversarial),
            ...{ l2, linf, rho },
          })),
        },
      ],
      figures: [figure],
      grids: [],
    });
  },
};

interface Found {
  readonly method: keyof typeof METHODS;
  readonly image: AttackImage;
  readonly record: AttackRecord;
  readonly adversarial: Float32Array;
}

const pairOf = ({ image, adversarial }: Found) => ({ original: image.pixels, adversarial });

/** The image attacked by both methods. Throws DataError when one does not fool the network. */
async function attackOnce(
  { device, networks }: ExperimentContext,
  model: Model,
  dataset: Dataset,
): Promise<Found[]> {
  const [{ mean, std } = {}] = networks;
  const options = {
    device,
    range: String(IMAGE),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
  const found: Found[] = [];
  for (const method of ['deepfool', 'fgsm'] as const) {
    const run = method === 'deepfool' ? deepfool : fgsm;
    for await (const { record, image, adversarial } of run(model, dataset, options)) {
      if (image === null || adversarial === null) {
        throw new DataError(`${record.source}: ${METHODS[method]} finds nothing: ${record.error}`);
      }
      found.push({ method, image, record, adversarial });
    }
  }
  return found;
}

const TILE = 224;
const SIGN = 44;
const LEFT = 148;
const TOP = 96;
const ROW = TILE + 62;
const INK = '#1d1d1f';
const QUIET = '#77767a';

/** A row for each method: the image, its perturbation, and the sum. */
function draw(
  what: string,
  model: Model,
  found: readonly Found[],
  nameOf: (k: number | null) => string,
): Chart {
  const { channels, height, width } = model.inputShape;
  const { pixels, factor } = magnifyAll(found.map(pairOf));
  const all = LEFT + 3 * TILE + 2 * SIGN + 32;
  return drawPicture(all, TOP + found.length * ROW + 8, (context) => {
    const write = (text: string, x: number, y: number, style: Partial<TextStyle> = {}): void => {
      drawText(context, text, x, y, { size: 13, color: INK, ...style });
    };
    write('Figure 1 · How little it takes', 24, 42, { size: 18, weight: 600 });
    const facts = `${what}, p = 2; both perturbations × ${factor}, around mid-grey`;
    write(facts, 24, 66, { color: QUIET });
    for (const [row, { method, image, record, adversarial }] of found.entries()) {
      const y = TOP + row * ROW;
      const { rho } = record;
      const tiles = [
        { shown: image.pixels, caption: nameOf(record.predicted) },
        { shown: pixels[row]!, caption: `ρ = ${rho?.toPrecision(3) ?? '–'}` },
        { shown: adversarial, caption: nameOf(record.adversarial) },
      ];
      write(METHODS[method], 24, y + TILE / 2, { weight: 600, maxWidth: LEFT - 32 });
      for (const [column, { shown, caption }] of tiles.entries()) {
        const x = LEFT + column * (TILE + SIGN);
        context.drawImage(toCanvas(shown, [channels, height, width]), x, y, TILE, TILE);
        const style = { align: 'center', weight: 600, maxWidth: TILE + SIGN - 8 } as const;
        write(caption, x + TILE / 2, y + TILE + 22, style);
        const sign = ['+', '='][column];
        const middle = { align: 'center', size: 22, color: QUIET } as const;
        if (sign !== undefined) write(sign, x + TILE + SIGN / 2, y + TILE / 2 + 8, middle);
      }
    }
  });
}
