// Pictures of images and words, drawn once and written as SVG and PNG.
import { createCanvas, SvgExportFlag } from '@napi-rs/canvas';
import { openCanvas, type Context } from './canvas.ts';
import type { Chart } from './chart.ts';

/** Pixels of the PNG for each unit. */
const DENSITY = 2;

/** Draws on a white ground of so many units; in the SVG words are paths, so that every viewer shows them alike. */
export function drawPicture(
  width: number,
  height: number,
  draw: (context: Context) => void,
): Chart {
  const paint = (context: Context): void => {
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, width, height);
    draw(context);
  };
  const { canvas, context } = openCanvas(width, height, DENSITY);
  paint(context);
  const vector = createCanvas(width, height, SvgExportFlag.ConvertTextToPaths);
  paint(vector.getContext('2d'));
  return { svg: vector.getContent().toString('utf8'), png: canvas.toBuffer('image/png') };
}
