// A figure's files, and how a result points at them.
import type { Chart } from '../report/chart.ts';
import type { ResultFigure } from '../report/experiment-result.ts';
import type { ExperimentFolder } from './folder.ts';

/** Writes NAME.svg and NAME.png. */
export async function writeFigure(
  folder: ExperimentFolder,
  name: string,
  { svg, png }: Chart,
  words: Pick<ResultFigure, 'caption' | 'alt'>,
): Promise<ResultFigure> {
  await folder.write(`${name}.svg`, svg);
  await folder.write(`${name}.png`, png);
  return { file: `${name}.svg`, ...words };
}
