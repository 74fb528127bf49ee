// Figures and grids of images. Every picture is a button that enlarges it.
import { DataError } from '../../core/errors.ts';
import type { GridTile, ImageGrid, ResultFigure } from '../experiment-result.ts';
import { html, type Html } from './html.ts';
import { readPicture } from './picture.ts';

/** Pictures with sides up to this are shown with their pixels as squares. */
const SMALL_SIDE = 96;

export async function renderFigure(folder: string, figure: ResultFigure): Promise<Html> {
  const { file, caption, alt } = figure;
  return html`
    <figure class="figure">
      <div class="plate">${await renderPicture(folder, file, alt, caption)}</div>
      <figcaption>${caption}</figcaption>
    </figure>
  `;
}

/** Rows of equally many tiles under the headings of their columns. */
export async function renderGrid(folder: string, grid: ImageGrid): Promise<Html> {
  const { title, caption, columns, rows } = grid;
  const lines: Html[] = [];
  for (const row of rows) {
    if (row.tiles.length !== columns.length) {
      throw new DataError(
        `${folder}: "${title}", "${row.title}": expected ${columns.length} tiles, ` +
          `one for each column, got ${row.tiles.length}`,
      );
    }
    const tiles = await Promise.all(
      row.tiles.map((tile, at) => renderTile(folder, tile, `${row.title}, ${columns[at]!}`)),
    );
    lines.push(
      html`<h4>${row.title}</h4>
        <div class="tiles">${tiles}</div>`,
    );
  }
  const heads = columns.map((column) => html`<span>${column}</span>`);
  return html`
    <figure class="grid">
      <figcaption>
        <h3>${title}</h3>
        ${caption}
      </figcaption>
      <div class="sheet">
        <div class="tiles heads" aria-hidden="true">${heads}</div>
        ${lines}
      </div>
    </figure>
  `;
}

async function renderTile(folder: string, tile: GridTile | null, place: string): Promise<Html> {
  if (tile === null) return html`<div></div>`;
  const { file, caption, alt } = tile;
  const told = caption === '' ? place : `${place}: ${caption}`;
  return html`<figure class="tile">
    ${await renderPicture(folder, file, alt, told)}
    <figcaption>${caption}</figcaption>
  </figure>`;
}

async function renderPicture(
  folder: string,
  file: string,
  alt: string,
  caption: string,
): Promise<Html> {
  const { uri, size } = await readPicture(folder, file);
  const small = size !== null && Math.max(...size) <= SMALL_SIDE;
  const sides = size === null ? null : html`width="${size[0]}" height="${size[1]}"`;
  return html`<button
    type="button"
    class="picture"
    data-caption="${caption}"
    aria-haspopup="dialog"
  >
    <img src="${uri}" alt="${alt}" ${sides} ${small ? html`class="pixels"` : null} />
  </button>`;
}
