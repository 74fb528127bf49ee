// Charts by Observable Plot, as SVG and PNG. Plot needs a document to build in: linkedom's.
import * as Plot from '@observablehq/plot';
import { loadImage } from '@napi-rs/canvas';
import { parseHTML } from 'linkedom';
import { FONT_FAMILY, openCanvas, registerFonts } from './canvas.ts';

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
  readonly getAttribute: (name: string) => string | null;
  readonly querySelectorAll: (selector: string) => Iterable<SvgElement>;
}

/** A picture in a chart: its address and its place. */
interface Placed {
  readonly href: string;
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

/**
 * Draws a plot; its SVG uses nothing that simple renderers lack: no em, no currentColor, no fonts by CSS.
 * Pictures in it stand where their attributes have them: on scales without bands, with no dx or dy.
 */
export async function drawChart(options: Plot.PlotOptions): Promise<Chart> {
  const page = parseHTML('<html><body></body></html>') as unknown as { readonly document: never };
  const plot = Plot.plot({ ...options, document: page.document }) as unknown as SvgElement;
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  plot.setAttribute('font-family', `${FONT_FAMILY}, sans-serif`);
  plot.setAttribute('font-size', String(FONT_SIZE));
  const svg = plainSvg(plot.outerHTML);
  const pictures = [...plot.querySelectorAll('image')].map(placeOf);
  return { svg, png: await rasterize(svg, pictures) };
}

function placeOf(image: SvgElement): Placed {
  const at = (name: string): number => Number(image.getAttribute(name));
  return { href: image.getAttribute('href')!, box: [at('x'), at('y'), at('width'), at('height')] };
}

/** The canvas draws no pictures inside an SVG: they are drawn on it one by one. */
async function rasterize(svg: string, pictures: readonly Placed[]): Promise<Uint8Array> {
  registerFonts(); // before the SVG looks for them
  const image = await loadImage(Buffer.from(svg));
  const { width, height } = image;
  const { canvas, context } = openCanvas(width, height, DENSITY);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  // At the size it has in the PNG: else it is drawn at its own and enlarged.
  [image.width, image.height] = [width * DENSITY, height * DENSITY];
  context.drawImage(image, 0, 0, width, height);
  for (const { href, box } of pictures) context.drawImage(await loadImage(href), ...box);
  return canvas.toBuffer('image/png');
}

function plainSvg(svg: string): string {
  return svg
    .replace(/"(-?[\d.]+)em"/g, (_, em: string) => `"${(Number(em) * FONT_SIZE).toFixed(2)}"`)
    .replaceAll('currentColor', INK);
}
