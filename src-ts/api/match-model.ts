// Brings a model and a data set together: the sizes the file leaves open are those of the images, and
// where the two do not fit, one error says so before any work.
import type { Dataset, Sample } from '../data/sample.ts';
import { DataError, EngineError, ModelError } from '../core/errors.ts';
import type { ImageShape } from '../onnx/import-onnx.ts';
import type { ReadOptions } from './images.ts';
import { probeImage } from './images.ts';
import { importModel, type ImportSettings, type Model, type ModelFile } from './model.ts';

/**
 * Imports the model for the images of a data set.
 * @throws ModelError for what is no classifier of images.
 * @throws DataError when the images are not what the model takes, with the remedy.
 */
export async function matchModel(
  file: ModelFile,
  dataset: Dataset,
  options: ReadOptions & ImportSettings,
): Promise<{ readonly model: Model; readonly first: Sample }> {
  const first = await probeImage(dataset, options);
  const { keepsDropout = false } = options;
  const model = importFor(file, first.shape, { keepsDropout });
  requireFit(model, dataset, first);
  return { model, first };
}

/** @throws DataError when the images are not what the model takes, with the remedy. */
export function requireFit(
  model: Pick<Model, 'name' | 'inputShape'>,
  dataset: Dataset,
  first: Sample,
): void {
  const { channels, height, width } = model.inputShape;
  const convertible = channels === first.shape[0] || channels === 1 || channels === 3;
  if (convertible && height === first.shape[1] && width === first.shape[2]) return;
  throw mismatch(model, dataset, first);
}

/** Reads the model for images of a shape, grey for colour or the reverse, or failing that as it is. */
function importFor(
  file: ModelFile,
  [channels, height, width]: ImageShape,
  settings: ImportSettings,
): Model {
  const other = channels === 1 ? 3 : 1;
  let refusal: unknown;
  const shapes: (ImageShape | null)[] = [[channels, height, width], [other, height, width], null];
  for (const shape of shapes) {
    try {
      return importModel(file, shape, settings);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal instanceof EngineError ? refusal : new ModelError(`${file.name}: cannot be read`);
}

function mismatch(
  { name, inputShape }: Pick<Model, 'name' | 'inputShape'>,
  dataset: Dataset,
  first: Sample,
): DataError {
  const { channels, height, width } = inputShape;
  const stored = dataset.imageShape !== null;
  const remedy =
    channels !== 1 && channels !== 3
      ? 'only models of grey (1 channel) or RGB (3 channels) images can be given image files'
      : stored || height !== width
        ? `take images of ${height} × ${width} pixels`
        : `add --resize ${resizeFor(height)} --crop ${height}`;
  return new DataError(
    `${name}: expected images of ${channels} × ${height} × ${width} (channels × height × width), ` +
      `got ${first.shape.join(' × ')}: ${first.source} of ${dataset.path}\n  ${remedy}`,
  );
}

/** The usual scale before a centre crop: 256 for 224; small images are not cropped. */
function resizeFor(side: number): number {
  return side < 96 ? side : Math.round((side * 256) / 224);
}
