// Charts by Observable Plot, as SVG and PNG. Plot needs a document to build in: linkedom's.
import * as Plot from '@observablehq/plot';
import { loadImage } from '@napi-rs/canvas';
import { parseHTML } from 'linkedom';
import { openCanvas } from './canvas.ts';

const FONT_SIZE = 12;
/** Pixels of the PNG for each unit of the SVG. */
const DENSITY = 2;
const INK = '#222222';

export interface Chart {
  readonly svg: string;
  readonly png: Uint8Array;
}

/** What is used of an element: the compiler knows no DOM. */
interface SvgElement {
  readonly outerHTML: string;
  readonly setAttribute: (name: string, value: string) => void;
}

/** Draws a plot; its SVG uses nothing that simple renderers lack: no em, no currentColor. */
export async function drawChart(options: Plot.PlotOptions): Promise<Chart> {
  const page = parseHTML('<html><body></body></html>') as unknown as { readonly document: never };
  const style = { fontSize: `${FONT_SIZE}px`, fontFamily: 'Inter, sans-serif', color: INK };
  const all = { ...options, document: page.document, style };
  const plot = Plot.plot(all) as unknown as SvgElement;
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const svg = plainSvg(plot.outerHTML);
  const image = await loadImage(Buffer.from(svg));
  const { canvas, context } = openCanvas(image.width, image.height, DENSITY);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, image.width, image.height);
  context.drawImage(image, 0, 0, image.width, image.height);
  return { svg, png: canvas.toBuffer('image/png') };
}

function plainSvg(svg: string): string {
  return svg
    .replace(/"(-?[\d.]+)em"/g, (_, em: string) => `"${(Number(em) * FONT_SIZE).toFixed(2)}"`)
    .replaceAll('currentColor', INK);
}
