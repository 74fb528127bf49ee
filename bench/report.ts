// What a bench leaves behind: a header that says where it ran, a table a question, the same as JSON and
// on the results page, and the baseline that later runs are compared with.
//
// Rates and ratios go by CPU time where the adapter computes on the CPU: amount / (CPU seconds /
// cores), what the run would give with every core free. On a GPU they go by wall time.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import type { DeviceInfo, Executor } from '../src-ts/executor/executor.ts';
import { formatTable } from '../src-ts/report/table.ts';
import type { Measurement } from './measure.ts';
import { formatMarkdownTable, updatePage } from './results-page.ts';
import { formatNumber, formatSpread, scaleSpread } from './statistics.ts';

/** One line of a table: who did how much, in what time. */
export interface Row {
  readonly name: string;
  /** Units of work in one go: GFLOP, images. */
  readonly amount: number;
  readonly measurement: Measurement;
  /** Whether ours, the first row, competes with it: a note then gives the ratio to the best of these. */
  readonly rival?: boolean;
}

/** Rates that are compared. */
export interface Table {
  readonly title: string;
  readonly unit: string;
  /** The first row is ours; the others are rivals, or parts of it, that it is compared with. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** Anything else that a bench found: shares, errors, sizes. */
export interface FactTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly notes: readonly string[];
}

/** A table as it is printed; the title stands over the first column. */
interface Printed {
  readonly cells: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

const BASELINE = new URL('baseline.json', import.meta.url);
const RESULTS = new URL('RESULTS.md', import.meta.url);

/** A rate that later runs are compared with; only runs on the same machine are. */
interface Kept {
  readonly machine: string;
  /** Load average when the bench began. */
  readonly load: number;
  readonly date: string;
  readonly rate: number;
}

/** By table and row. */
type Baseline = Record<string, Kept>;

export class Report {
  readonly #bench: string;
  readonly #device: DeviceInfo;
  readonly #facts: Readonly<Record<string, string>>;
  readonly #machine: string;
  readonly #load = os.loadavg()[0]!;
  readonly #date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  readonly #tables: Table[] = [];
  readonly #factTables: FactTable[] = [];
  readonly #printed: Printed[] = [];
  readonly #notes: string[] = [];
  readonly #baseline = (readJson(BASELINE) ?? {}) as Baseline;

  constructor(bench: string, { info: device, tuning }: Executor) {
    this.#bench = bench;
    this.#device = device;
    const host = `${cores()} × ${os.cpus()[0]?.model ?? 'CPU'}`;
    this.#machine = device.software ? `${device.description}, ${host}` : device.description;
    const where = device.software ? 'computes on the CPU' : device.vendor;
    this.#facts = {
      device: `${device.name}, ${where}`,
      driver: device.description,
      tuning,
      host: `${host}, load average ${this.#load.toFixed(1)} at the start`,
      version: `${packageVersion('..')}, commit ${commitName()}, webgpu ${packageVersion('../node_modules/webgpu')}, Node ${process.versions.node}`,
      date: `${this.#date} UTC`,
      rates: device.software ? `by CPU time: per (CPU second / ${cores()} cores)` : 'by wall time',
    };
  }

  printHeader(): void {
    for (const [name, fact] of Object.entries(this.#facts)) print(`${name.padEnd(8)} ${fact}`);
  }

  add(table: Table): void {
    this.#tables.push(table);
    const heads = [table.title, `${table.unit}/s`, 'first is ×', '× baseline', 'CPU ms', 'wall ms'];
    const cells = [
      [...heads, `wall ${table.unit}/s`],
      ...table.rows.map((row) => this.#cells(table, row)),
    ];
    this.#print({ cells, notes: [...this.#contest(table), ...table.notes] });
  }

  addFacts(table: FactTable): void {
    this.#factTables.push(table);
    const rows = table.rows.map((row) =>
      row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)),
    );
    this.#print({ cells: [[table.title, ...table.columns], ...rows], notes: table.notes });
  }

  note(text: string): void {
    this.#notes.push(text);
    print(`\n${text}`);
  }

  #print(printed: Printed): void {
    this.#printed.push(printed);
    print(`\n${formatTable(printed.cells)}`);
    for (const note of printed.notes) print(`  ${note}`);
  }

  /** How we stand against the best rival, in one sentence, where there are rivals. */
  #contest({ rows }: Table): string[] {
    const rivals = rows.filter(({ rival }) => rival).sort((a, b) => this.#rate(b) - this.#rate(a));
    const [best] = rivals;
    if (best === undefined) return [];
    const ratio = this.#rate(rows[0]!) / this.#rate(best);
    return [`${formatNumber(ratio)} × the best rival, ${best.name}.`];
  }

  #cells(table: Table, row: Row): string[] {
    const { cpu, wall, times } = row.measurement;
    const rate = this.#rate(row);
    const kept = this.#baseline[this.#key(table, row)];
    const comparable = kept?.machine === this.#machine;
    const first = table.rows[0]!;
    return [
      `  ${row.name}`,
      formatNumber(rate),
      row === first ? '' : formatNumber(this.#rate(first) / rate),
      comparable ? formatNumber(rate / kept.rate) : '–',
      formatSpread(scaleSpread(cpu, 1000)),
      `${formatSpread(scaleSpread(wall, 1000))} of ${wall.count} × ${times}`,
      formatNumber(row.amount / wall.median),
    ];
  }

  #rate({ amount, measurement: { cpu, wall } }: Row): number {
    return this.#device.software ? (amount * cores()) / cpu.median : amount / wall.median;
  }

  #key(table: Table, row: Row): string {
    return `${this.#bench}: ${table.title}: ${row.name}`;
  }

  /** Appends this bench to the array in `file`. */
  saveJson(file: string): void {
    const tables = this.#tables.map((table) => ({
      ...table,
      rows: table.rows.map((row) => ({ ...row, rate: this.#rate(row) })),
    }));
    const earlier = (readJson(file) ?? []) as unknown[];
    const facts = this.#factTables;
    writeJson(file, [
      ...earlier,
      { bench: this.#bench, ...this.#facts, tables, facts, notes: this.#notes },
    ]);
  }

  /** Rewrites the section of this bench on the results page. */
  savePage(): void {
    const facts = Object.entries(this.#facts).map(([name, fact]) => `- ${name}: ${fact}`);
    const parts = this.#printed.flatMap(({ cells, notes }) => [
      formatMarkdownTable(cells),
      notes.map((note) => `- ${note}`).join('\n'),
    ]);
    updatePage(RESULTS, this.#bench, [facts.join('\n'), ...parts, ...this.#notes].join('\n\n'));
  }

  /** Makes these rates the ones that later runs are compared with. */
  saveBaseline(): void {
    const where = { machine: this.#machine, load: Number(this.#load.toFixed(1)), date: this.#date };
    const rates = this.#tables.flatMap((table) =>
      table.rows.map((row) => {
        const rate = Number(this.#rate(row).toPrecision(3));
        return [this.#key(table, row), { ...where, rate }] as const;
      }),
    );
    const others = Object.entries(this.#baseline).filter(
      ([key]) => !key.startsWith(`${this.#bench}: `),
    );
    writeJson(BASELINE, Object.fromEntries([...others, ...rates]));
  }
}

const cores = (): number => os.availableParallelism();

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function packageVersion(folder: string): string {
  const file = readJson(new URL(`${folder}/package.json`, import.meta.url));
  return (file as { version: string }).version;
}

function commitName(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src-ts', 'shaders', 'bench') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' and uncommitted changes' : '');
  } catch {
    return 'unknown: not a git checkout';
  }
}

function readJson(file: string | URL): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function writeJson(file: string | URL, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
