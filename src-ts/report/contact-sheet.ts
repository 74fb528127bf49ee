// A page of fooled images: each one, what was added to it, and what the model then sees. Text and
// boxes are laid out in units of half a pixel's width, so that the page is sharp on any screen.
import { open, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, dirname, extname, join } from 'node:path';
import type { Canvas } from '@napi-rs/canvas';
import { OptionError } from '../core/errors.ts';
import { magnify, toCanvas } from './bitmap.ts';
import { drawText, openCanvas, type Context } from './canvas.ts';
import { count, formatNumber, formatPercent } from './numbers.ts';
import { guard, requireWritable } from '../data/output-file.ts';
import type { ResultRow } from './row.ts';

/** One fooled image, as results carry it. */
export interface SheetEntry {
  readonly record: ResultRow;
  readonly image: { readonly pixels: Float32Array } | null;
  readonly adversarial: Float32Array | null;
}

/** What the head of the page says. */
export interface SheetTitles {
  readonly model: string;
  readonly norm: number;
  readonly images: number;
  readonly fooled: number;
  readonly fooling_rate: number | null;
  readonly rho_mean: number | null;
  readonly steps_mean: number | null;
}

interface Card {
  readonly record: ResultRow;
  readonly original: Float32Array;
  readonly adversarial: Float32Array;
}

const MOST_CARDS = 12;

/** @throws OptionError unless the name ends in .png, OutputError when its folder takes no file. */
export async function requireSheetPath(path: string): Promise<void> {
  if (extname(path).toLowerCase() !== '.png') {
    throw new OptionError(`--contact-sheet: expected a file name ending in .png, got "${path}"`);
  }
  await requireWritable(path);
}

/** Collects a dozen fooled images, of as many classes as come by, and draws them. */
export class ContactSheet {
  readonly #shape: readonly [channels: number, height: number, width: number];
  /** Cards with a class not seen before, with a new pair of classes, and the rest, in this order. */
  readonly #ranks: readonly [Card[], Card[], Card[]] = [[], [], []];
  readonly #seen = new Set<string>();

  constructor(shape: readonly [channels: number, height: number, width: number]) {
    this.#shape = shape;
  }

  get empty(): boolean {
    return this.#ranks[0].length === 0;
  }

  /** Takes the image when it was fooled and there is room for one like it. */
  offer({ record, image, adversarial }: SheetEntry): void {
    const { predicted, adversarial: became } = record;
    if (record.status !== 'fooled' || image === null || adversarial === null) return;
    const keys = [String(predicted), `${predicted} to ${became}`];
    const news = keys.findIndex((key) => !this.#seen.has(key));
    for (const key of keys) this.#seen.add(key);
    const rank = this.#ranks[news === -1 ? 2 : news]!;
    if (rank.length < MOST_CARDS) rank.push({ record, original: image.pixels, adversarial });
  }

  /** Draws the page as PNG bytes. */
  async render(titles: SheetTitles, classNames: readonly string[] | null): Promise<Uint8Array> {
    const cards = this.#ranks.flat().slice(0, MOST_CARDS);
    cards.sort((a, b) => a.record.index - b.record.index);
    const page = new Page(this.#shape, cards.length);
    page.drawHead(titles);
    cards.forEach((card, position) => {
      page.drawCard(card, position, classNames);
    });
    return page.canvas.encode('png');
  }

  /** Draws the page into a file, whole or not at all. Throws OutputError when that fails. */
  async write(
    path: string,
    titles: SheetTitles,
    classNames: readonly string[] | null,
  ): Promise<void> {
    const bytes = await this.render(titles, classNames);
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
    try {
      await guard(path, async () => {
        const file = await open(temporary, 'wx');
        try {
          await file.writeFile(bytes);
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      });
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

const DENSITY = 2;
const COLORS = {
  page: '#f4f3ef',
  card: '#ffffff',
  border: '#e3e1da',
  ink: '#1d1d1f',
  quiet: '#77767a',
  sign: '#a9a7a2',
  fooled: '#b3261e',
  wrong: '#9a6700',
} as const;
/** Small images are enlarged by a whole factor to about this, photographs scaled to the second. */
const SMALL_TILE = 112;
const LARGE_TILE = 176;
const SMALL_SIDE = 96;
const LEAST_WIDTH = 720;
const MARGIN = 40;
const HEAD = 104;
const GUTTER = 18;
const PAD = 16;
const SIGN = 26; // room for + and = between tiles
const CAPTION = 44;

class Page {
  readonly canvas: Canvas;
  readonly #context: Context;
  readonly #shape: readonly [channels: number, height: number, width: number];
  readonly #columns: number;
  readonly #tile: { readonly width: number; readonly height: number; readonly smooth: boolean };
  readonly #cardWidth: number;
  readonly #cardHeight: number;

  constructor(shape: readonly [channels: number, height: number, width: number], cards: number) {
    this.#shape = shape;
    this.#tile = tileSize(shape);
    this.#cardWidth = 3 * this.#tile.width + 2 * SIGN + 2 * PAD;
    this.#cardHeight = this.#tile.height + CAPTION + 2 * PAD - 4;
    const most = this.#cardWidth > 460 ? 2 : 3;
    this.#columns = Math.max(1, Math.min(most, cards));
    const rows = Math.max(1, Math.ceil(cards / this.#columns));
    const grid = this.#columns * (this.#cardWidth + GUTTER) - GUTTER;
    const width = Math.max(LEAST_WIDTH, grid + 2 * MARGIN);
    const height = HEAD + rows * (this.#cardHeight + GUTTER) - GUTTER + MARGIN;
    const { canvas, context } = openCanvas(width, height, DENSITY);
    this.canvas = canvas;
    this.#context = context;
    context.fillStyle = COLORS.page;
    context.fillRect(0, 0, width, height);
  }

  drawHead({ model, norm, images, fooled, fooling_rate, rho_mean, steps_mean }: SheetTitles): void {
    const name = basename(model, extname(model));
    const p = norm === Infinity ? '∞' : String(norm);
    const maxWidth = this.canvas.width / DENSITY - 2 * MARGIN;
    const write = (text: string, y: number, size: number, weight: 400 | 600, color: string) => {
      drawText(this.#context, text, MARGIN, y, { size, weight, color, maxWidth });
    };
    write(`How little it takes to fool ${name}`, 52, 24, 600, COLORS.ink);
    const facts = [
      `DeepFool, p = ${p}`,
      `mean ρ = ${rho_mean?.toPrecision(3) ?? '–'}`,
      `${fooled} of ${count(images, 'image')} fooled (${formatPercent(fooling_rate)})`,
      `${formatNumber(steps_mean, 2)} steps on average`,
    ];
    write(facts.join('   ·   '), 78, 13.5, 400, COLORS.quiet);
    if (this.#columns === 1) return; // no room beside the facts
    const right = this.canvas.width / DENSITY - MARGIN;
    const legend = 'image  +  perturbation, magnified as stated  =  adversarial image';
    const style = { size: 11.5, color: COLORS.quiet, align: 'right' } as const;
    drawText(this.#context, legend, right, 78, style);
  }

  drawCard(card: Card, position: number, classNames: readonly string[] | null): void {
    const { record } = card;
    const column = position % this.#columns;
    const row = Math.floor(position / this.#columns);
    const left = MARGIN + column * (this.#cardWidth + GUTTER);
    const top = HEAD + row * (this.#cardHeight + GUTTER);
    this.#drawBox(left, top);
    const nameOf = (k: number | null): string =>
      k === null ? '–' : (classNames?.[k]?.split(',')[0]?.trim() ?? `class ${k}`);
    const { pixels, factor } = magnify(card);
    const wrong = record.label !== null && record.label !== record.predicted;
    const ink = COLORS.ink;
    const columns: readonly TileColumn[] = [
      {
        pixels: card.original,
        caption: nameOf(record.predicted),
        color: ink,
        below: wrong ? `labelled ${nameOf(record.label)}` : `image ${record.index}`,
        belowColor: wrong ? COLORS.wrong : COLORS.quiet,
      },
      {
        pixels,
        caption: `ρ ${record.rho?.toPrecision(3) ?? '–'}`,
        color: ink,
        below: `× ${factor}, ${count(record.steps, 'step')}`,
        belowColor: COLORS.quiet,
      },
      {
        pixels: card.adversarial,
        caption: nameOf(record.adversarial),
        color: COLORS.fooled,
        below: 'adversarial',
        belowColor: COLORS.quiet,
      },
    ];
    columns.forEach((content, at) => {
      this.#drawColumn(content, left + PAD + at * (this.#tile.width + SIGN), top + PAD);
    });
    const middle = top + PAD + this.#tile.height / 2 + 7;
    const style = { size: 19, color: COLORS.sign, align: 'center' } as const;
    ['+', '='].forEach((sign, at) => {
      const x = left + PAD + (at + 1) * this.#tile.width + (at + 0.5) * SIGN;
      drawText(this.#context, sign, x, middle, style);
    });
  }

  #drawBox(left: number, top: number): void {
    const context = this.#context;
    context.beginPath();
    context.roundRect(left, top, this.#cardWidth, this.#cardHeight, 8);
    context.fillStyle = COLORS.card;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = COLORS.border;
    context.stroke();
  }

  #drawColumn(content: TileColumn, x: number, y: number): void {
    const context = this.#context;
    const { width, height, smooth } = this.#tile;
    context.imageSmoothingEnabled = smooth;
    context.drawImage(toCanvas(content.pixels, this.#shape), x, y, width, height);
    const center = x + width / 2;
    const fit = { align: 'center', maxWidth: width + SIGN - 6 } as const;
    const { caption, color, below, belowColor } = content;
    drawText(context, caption, center, y + height + 20, { ...fit, size: 13.5, weight: 600, color });
    drawText(context, below, center, y + height + 37, { ...fit, size: 11.5, color: belowColor });
  }
}

interface TileColumn {
  readonly pixels: Float32Array;
  readonly caption: string;
  readonly color: string;
  readonly below: string;
  readonly belowColor: string;
}

function tileSize([, height, width]: readonly [number, number, number]): {
  width: number;
  height: number;
  smooth: boolean;
} {
  const side = Math.max(height, width);
  const smooth = side > SMALL_SIDE;
  const scale = smooth
    ? LARGE_TILE / side
    : Math.max(1, Math.round((SMALL_TILE * DENSITY) / side)) / DENSITY;
  return { width: width * scale, height: height * scale, smooth };
}
