// Drawing surfaces with text that looks the same on every machine: the font comes with the package,
// none of the system is used.
import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { InternalError } from '../core/errors.ts';

export type Context = SKRSContext2D;
export type Weight = 400 | 600;

/** The name that charts ask for as well. */
export const FONT_FAMILY = 'Inter';
const FILES: Readonly<Record<Weight, string>> = { 400: 'Inter-Regular', 600: 'Inter-SemiBold' };

let registered = false;

/** Makes the font known to canvases, and to the SVG images that are drawn on them. */
export function registerFonts(): void {
  if (registered) return;
  registered = true;
  for (const file of Object.values(FILES)) {
    const path = fileURLToPath(import.meta.resolve(`inter-ui/web/${file}.woff2`));
    if (GlobalFonts.registerFromPath(path, FONT_FAMILY) === null) {
      throw new InternalError(`the font ${path} does not load`);
    }
  }
}

/** A canvas of so many units, each `density` pixels wide, and its context in these units. */
export function openCanvas(
  width: number,
  height: number,
  density: number,
): { readonly canvas: Canvas; readonly context: Context } {
  registerFonts();
  const canvas = createCanvas(Math.round(width * density), Math.round(height * density));
  const context = canvas.getContext('2d');
  context.scale(density, density);
  return { canvas, context };
}

export interface TextStyle {
  readonly size: number;
  readonly weight?: Weight;
  readonly color: string;
  readonly align?: 'left' | 'center' | 'right';
  /** Longer text ends in an ellipsis. */
  readonly maxWidth?: number;
}

/** Writes one line with its baseline at y. */
export function drawText(
  context: Context,
  text: string,
  x: number,
  y: number,
  { size, weight = 400, color, align = 'left', maxWidth = Infinity }: TextStyle,
): void {
  context.font = `${weight} ${size}px ${FONT_FAMILY}`;
  context.fillStyle = color;
  context.textAlign = align;
  context.textBaseline = 'alphabetic';
  context.fillText(shortenTo(context, text, maxWidth), x, y);
}

function shortenTo(context: Context, text: string, maxWidth: number): string {
  if (context.measureText(text).width <= maxWidth) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > maxWidth) {
    kept = kept.slice(0, -1).trimEnd();
  }
  return `${kept}…`;
}
