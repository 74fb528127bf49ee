// A table of results: the paper's number beside ours with the ratio, rows of one name under one heading,
// and what the columns mean below.
import { stringify } from 'csv-stringify/sync';
import type { ResultCell, ResultColumn, ResultTable } from '../experiment-result.ts';
import { formatNumber } from '../numbers.ts';
import { html, type Html } from './html.ts';
import { dataUri } from './picture.ts';
import { formatRatio, placeOf, ratioOf } from './ratio.ts';

type Row = ResultTable['rows'][number];

/** The scale beside a ratio reaches from 1 / 4 to 4. */
const SCALE_BOUND = 4;

/** @param headed whether it needs a heading of its own */
export function renderTable(whole: ResultTable, headed: boolean): Html {
  const { name, title, rows } = whole;
  const table = { ...whole, columns: whole.columns.filter((column) => hasValues(column, whole)) };
  const csv = dataUri('text/csv', Buffer.from(stringify([...rows], { header: true })));
  return html`
    <div class="table">
      ${headed ? html`<h3>${title}</h3>` : null}
      <div class="scroll" role="region" aria-label="${title}" tabindex="0">
        <table>
          ${renderHead(table)}${groupRows(table).map((group) => renderGroup(table, group))}
        </table>
      </div>
      <div class="meanings">
        ${renderMeanings(table)}<a download="${name}.csv" href="${csv}">CSV</a>
      </div>
    </div>
  `;
}

function renderHead({ columns, rows }: ResultTable): Html {
  const compared = columns.some(({ paper }) => paper !== undefined);
  const heads = columns.map((column) => {
    const text = html`${column.title}${unitOf(column)}`;
    if (column.paper !== undefined) {
      return html`<th colspan="3" scope="colgroup" class="compared">${text}</th>`;
    }
    const kind = isNumeric(column, rows) ? 'number' : 'text';
    return html`<th rowspan="${compared ? 2 : 1}" scope="col" class="${kind}">${text}</th>`;
  });
  const below = columns.flatMap(({ paper }) => (paper === undefined ? [] : [COMPARED_HEADS]));
  return html`<thead>
    <tr>
      ${heads}
    </tr>
    ${
      compared
        ? html`<tr>
            ${below}
          </tr>`
        : null
    }
  </thead>`;
}

const COMPARED_HEADS = html`<th scope="col" class="number ours">here</th>
  <th scope="col" class="number paper">paper</th>
  <th scope="col" class="number ratio">ratio</th>`;

const unitOf = ({ unit }: ResultColumn): Html | null =>
  unit === undefined ? null : html` <span class="unit">${unit}</span>`;

/** Whether a column says anything; the first names the rows. */
function hasValues(column: ResultColumn, { columns, rows }: ResultTable): boolean {
  return column === columns[0] || rows.some((row) => (row[column.key] ?? null) !== null);
}

function isNumeric({ key }: ResultColumn, rows: readonly Row[]): boolean {
  return rows.some((row) => typeof row[key] === 'number');
}

/** Neighbours whose first cell is the same. */
function groupRows({ columns, rows }: ResultTable): Row[][] {
  const first = columns[0]!.key;
  const groups: Row[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]![first] === row[first]) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

function renderGroup({ columns, rows }: ResultTable, group: readonly Row[]): Html {
  const [first, ...others] = columns;
  const scope = group.length > 1 ? 'rowgroup' : 'row';
  const lines = group.map((row, at) => {
    const head = html`<th rowspan="${group.length}" scope="${scope}">${cellText(row, first!)}</th>`;
    const cells = others.map((column) => renderCells(row, column, isNumeric(column, rows)));
    return html`<tr>
      ${at === 0 ? head : null}${cells}
    </tr>`;
  });
  return html`<tbody>
    ${lines}
  </tbody>`;
}

function renderCells(row: Row, column: ResultColumn, numeric: boolean): Html {
  const text = cellText(row, column);
  const { paper } = column;
  if (paper === undefined) return html`<td class="${numeric ? 'number' : 'text'}">${text}</td>`;
  const ratio = ratioOf(row, column);
  return html`<td class="number ours">${text}</td>
    <td class="number paper">${formatCell(row[paper] ?? null, column)}</td>
    <td class="number ratio">${ratio === null ? '–' : renderRatio(ratio)}</td>`;
}

/** The ratio, and a dot for it on a short scale whose middle is 1. */
function renderRatio(ratio: number): Html {
  const x = placeOf(ratio, SCALE_BOUND);
  return html`${formatRatio(ratio)}<svg class="scale" aria-hidden="true">
      <line x1="0" x2="100%" y1="50%" y2="50%" />
      <line x1="50%" x2="50%" y1="15%" y2="85%" />
      <circle cx="${x}%" cy="50%" r="3" />
    </svg>`;
}

const cellText = (row: Row, column: ResultColumn): string =>
  formatCell(row[column.key] ?? null, column);

function formatCell(value: ResultCell, { digits }: { readonly digits?: number }): string {
  if (value === null) return '–';
  if (typeof value === 'number') return formatNumber(value, digits);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value;
}

function renderMeanings({ columns }: ResultTable): Html | null {
  const told = columns.filter(({ meaning }) => meaning !== undefined);
  if (told.length === 0) return null;
  const lines = told.map(
    ({ title, meaning }) =>
      html`<div>
        <dt>${title}</dt>
        <dd>${meaning!}</dd>
      </div>`,
  );
  return html`<dl>${lines}</dl>`;
}
