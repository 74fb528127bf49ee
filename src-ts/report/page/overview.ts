// What stands beside the paper's numbers, at one glance: a line a column, a dot a number.
import { count } from '../numbers.ts';
import type { ResultFile } from '../result-file.ts';
import { html, type Html } from './html.ts';
import { comparisonsOf, formatRatio, median, placeOf, type Comparison } from './ratio.ts';

/** Ends of the scale: the first that holds all ratios, or the last. */
const BOUNDS = [2, 4, 8, 16, 32];

/** Null when nothing has the paper's numbers beside it. */
export function renderOverview(files: readonly ResultFile[]): Html | null {
  const lines = files.flatMap(linesOf);
  if (lines.length === 0) return null;
  const ratios = lines.flatMap(({ points }) => points.map(({ ratio }) => ratio));
  const sizes = ratios.filter((ratio) => ratio > 0);
  const farthest = Math.max(...sizes.map((ratio) => Math.max(ratio, 1 / ratio)));
  const bound = BOUNDS.find((end) => farthest <= end) ?? BOUNDS.at(-1)!;
  return html`
    <section class="overview" aria-labelledby="overview">
      <h2 id="overview">Beside the paper</h2>
      <p>
        ${count(ratios.length, 'number')} over the paper's. A dot is one of them; its place is here
        / paper.
      </p>
      <div class="strips">
        ${lines.map((line) => renderStrip(line, bound))}
        <div class="strip ticks" aria-hidden="true">
          <div></div>
          <div>${renderTicks(bound)}</div>
        </div>
      </div>
    </section>
  `;
}

interface Line extends Comparison {
  readonly id: string;
}

const linesOf = ({ id, result }: ResultFile): Line[] =>
  comparisonsOf(result)
    .filter(({ points }) => points.length > 0)
    .map((comparison) => ({ ...comparison, id }));

function renderStrip({ id, table, column, points }: Line, bound: number): Html {
  const middle = formatRatio(median(points.map(({ ratio }) => ratio)));
  const dots = points.map(
    ({ label, ratio }) =>
      html`<circle cx="${placeOf(ratio, bound)}%" cy="50%" r="5"
        ><title>${label}: ${formatRatio(ratio)}</title></circle
      >`,
  );
  const lines = ticksOf(bound).map(
    (tick) =>
      html`<line
        x1="${placeOf(tick, bound)}%"
        x2="${placeOf(tick, bound)}%"
        y1="0"
        y2="100%"
        ${tick === 1 ? html`class="one"` : null}
      />`,
  );
  return html`
    <div class="strip">
      <div><a href="#${id}">${table}</a> <b>${column}</b> <span>median ${middle}</span></div>
      <svg
        role="img"
        aria-label="${column} of ${table}: ${count(points.length, 'ratio')} here / paper, median ${middle}"
      >
        ${lines}${dots}
      </svg>
    </div>
  `;
}

function ticksOf(bound: number): number[] {
  const powers = Math.log2(bound);
  return Array.from({ length: 2 * powers + 1 }, (_, at) => 2 ** (at - powers));
}

function renderTicks(bound: number): Html {
  const words = ticksOf(bound).map((tick) => (tick < 1 ? `1/${1 / tick}` : String(tick)));
  return html`${words.map((word) => html`<span>${word}</span>`)}`;
}
