// One page over the experiments of a folder that needs nothing beside it: pictures, fonts, style and script
// lie inside.
import type { ResultFile } from '../result-file.ts';
import { readAssets } from './assets.ts';
import { FACT_KEYS, factLines, QUICK_MARK, renderExperiment } from './experiment.ts';
import { html, type Html } from './html.ts';
import { renderOverview } from './overview.ts';

/**
 * Writes the page as HTML text.
 * @param folder where the pictures of the experiments lie
 * @throws DataError that names a picture which cannot be shown
 */
export async function renderPage(folder: string, files: readonly ResultFile[]): Promise<string> {
  const { style, script, policy } = await readAssets();
  // What is the same for all is told once, at the top.
  const shared = FACT_KEYS.filter(
    (key) => new Set(files.map(({ result }) => result[key])).size < 2,
  );
  const own = FACT_KEYS.filter((key) => !shared.includes(key));
  const sections: Html[] = [];
  for (const file of files) sections.push(await renderExperiment(folder, file, own));
  const overview = renderOverview(files);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${files.map(({ result }) => result.title).join(' · ')}</title>
        <link rel="icon" href="data:," />
        ${style}
      </head>
      <body>
        <div class="page">
          <header>
            <p class="kicker">deepfool-webgpu</p>
            <h1>How little it takes to fool an image classifier</h1>
            ${renderBanner(files)}
            <dl class="facts">${factLines(files[0]!.result, shared)}</dl>
          </header>
          <nav aria-label="Experiments">
            <ol>
              ${overview === null ? null : html`<li><a href="#overview">Beside the paper</a></li>`}
              ${files.map(renderLink)}
            </ol>
          </nav>
          <main>${overview}${sections}</main>
        </div>
        ${LIGHTBOX}${script}
      </body>
    </html> `.text;
}

const renderLink = ({ id, result }: ResultFile): Html =>
  html`<li><a href="#${id}">${result.title}${result.quick ? QUICK_MARK : null}</a></li>`;

function renderBanner(files: readonly ResultFile[]): Html | null {
  const quick = files.filter(({ result }) => result.quick);
  if (quick.length === 0) return null;
  const which = quick.length === files.length ? 'All of it' : 'What is marked “quick”';
  return html`<p class="banner">
    <b>Quick run.</b> ${which} was measured on subsets of the images, and is rough.
  </p>`;
}

const LIGHTBOX = html`
  <dialog class="lightbox" aria-label="Enlarged picture">
    <div class="bar">
      <p aria-live="polite"></p>
      <button type="button" data-do="smaller" aria-label="Smaller" title="Smaller (−)">−</button>
      <button type="button" data-do="larger" aria-label="Larger" title="Larger (+)">+</button>
      <button type="button" data-do="previous" aria-label="Previous" title="Previous (←)">‹</button>
      <button type="button" data-do="next" aria-label="Next" title="Next (→)">›</button>
      <button type="button" data-do="close" autofocus aria-label="Close" title="Close (Esc)">
        ×
      </button>
    </div>
    <div class="stage"><img alt="" /></div>
  </dialog>
`;
