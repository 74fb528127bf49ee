// The results page: one section a bench, each rewritten by its bench and by nothing else.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const HEAD = `# Results

Written by the benches, never by hand: \`npm run bench -- NAME --results\` rewrites the section of that bench.
Rates go by CPU time where the adapter computes on the CPU: amount / (CPU seconds / cores), what the run gives
with every core free. Works that are compared take turns in one run. Times are medians (least … most).
`;

const HEADING = /^## (.+)$/m;

/** The page with the section `name` replaced or added; sections stand in the order of their names. */
export function withSection(page: string, name: string, text: string): string {
  const [, ...parts] = page.split(/^(?=## )/m);
  const sections = new Map(parts.map((part) => [HEADING.exec(part)![1]!, part.trim()]));
  sections.set(name, `## ${name}\n\n${text.trim()}`);
  const sorted = [...sections.keys()].sort().map((key) => sections.get(key)!);
  return [HEAD.trim(), ...sorted].join('\n\n') + '\n';
}

/** Rewrites one section of the page in `file`, in one go. */
export function updatePage(file: URL, name: string, text: string): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const draft = new URL(`${file.href}.${process.pid}`);
  writeFileSync(draft, withSection(page, name, text));
  renameSync(draft, file);
}

/** A table in Markdown: the first column to the left, the others to the right. */
export function formatMarkdownTable(rows: readonly (readonly string[])[]): string {
  const [heads, ...body] = rows;
  const rule = heads!.map((_, at) => (at === 0 ? '---' : '--:'));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.trim().replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads!), line(rule), ...body.map(line)].join('\n');
}
