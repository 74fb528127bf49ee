// One experiment's section of a page: what it is about, its tables, figures and images, notes and settings.
import type { ExperimentResult, RunFacts } from '../experiment-result.ts';
import type { ResultFile } from '../result-file.ts';
import { renderFigure, renderGrid } from './figures.ts';
import { html, type Html } from './html.ts';
import { renderTable } from './table.ts';

/** Facts of a run that a page tells, with their names for people. */
export type FactKey = Exclude<keyof RunFacts, 'quick'> | 'paper';
const FACT_NAMES: Readonly<Record<FactKey, string>> = {
  device: 'device',
  tuning: 'kernel table',
  seeds: 'seeds',
  version: 'version',
  paper: 'the paper',
};
export const FACT_KEYS = Object.keys(FACT_NAMES) as readonly FactKey[];

/**
 * @param folder where its pictures lie
 * @param facts those that are told here
 */
export async function renderExperiment(
  folder: string,
  { id, result }: ResultFile,
  facts: readonly FactKey[],
): Promise<Html> {
  const { title, abstract, tables, figures, grids } = result;
  const shown: Html[] = [];
  for (const figure of figures) shown.push(await renderFigure(folder, figure));
  for (const grid of grids) shown.push(await renderGrid(folder, grid));
  return html`
    <section class="experiment" id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}${result.quick ? QUICK_MARK : null}</h2>
      <p>${abstract}</p>
      ${tables.map((table) => renderTable(table, table.title !== title))}${shown}${renderNotes(result)}${renderSettings(result, facts)}
    </section>
  `;
}

export const QUICK_MARK = html` <span class="quick-mark">quick</span>`;

function renderNotes({ notes }: ExperimentResult): Html | null {
  if (notes.length === 0) return null;
  return html`
    <h3>Notes</h3>
    <ul class="notes">
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>
  `;
}

function renderSettings(result: ExperimentResult, facts: readonly FactKey[]): Html | null {
  const settings = Object.entries(result.settings).map(([name, value]) => line(name, `${value}`));
  const lines = [...settings, ...factLines(result, facts)];
  if (lines.length === 0) return null;
  return html`<h3>Settings</h3>
    <dl class="facts">${lines}</dl>`;
}

/** Facts as lines of a list. */
export function factLines(result: ExperimentResult, facts: readonly FactKey[]): Html[] {
  return facts.map((key) => line(FACT_NAMES[key], result[key]));
}

const line = (name: string, text: string): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${text}</dd>
  </div>`;
