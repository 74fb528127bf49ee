// What a bench leaves behind: a header that says where it ran, a table a question, the same as JSON,
// and the baseline that later runs are compared with.
//
// Rates and ratios go by CPU time where the adapter computes on the CPU: amount / (CPU seconds /
// cores), what the run would give with every core free. On a GPU they go by wall time.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import type { DeviceInfo } from '../src-ts/executor/executor.ts';
import type { Measurement } from './measure.ts';
import { formatNumber, formatSpread, scaleSpread } from './statistics.ts';

/** One line of a table: who did how much, in what time. */
export interface Row {
  readonly name: string;
  /** Units of work in one go: GFLOP, images. */
  readonly amount: number;
  readonly measurement: Measurement;
}

export interface Table {
  readonly title: string;
  readonly unit: string;
  /** The first row is ours; the others are rivals, or parts of it, that it is compared with. */
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

const BASELINE = new URL('baseline.json', import.meta.url);

/** Rates by table and row, and the machine they were measured on: others have nothing to compare. */
type Baseline = Record<string, { readonly machine: string; readonly rate: number }>;

export class Report {
  readonly #bench: string;
  readonly #device: DeviceInfo;
  readonly #facts: Readonly<Record<string, string>>;
  readonly #machine: string;
  readonly #tables: Table[] = [];
  readonly #baseline = (readJson(BASELINE) ?? {}) as Baseline;

  constructor(bench: string, device: DeviceInfo) {
    this.#bench = bench;
    this.#device = device;
    const host = `${cores()} × ${os.cpus()[0]?.model ?? 'CPU'}`;
    this.#machine = device.software ? `${device.description}, ${host}` : device.description;
    const where = device.software ? 'computes on the CPU' : device.vendor;
    this.#facts = {
      device: `${device.name}, ${where}`,
      driver: device.description,
      commit: commitName(),
      host: `${host}, load ${os.loadavg()[0]!.toFixed(1)}`,
      node: process.versions.node,
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
    print(`\n${formatTable(cells)}`);
    for (const note of table.notes) print(`  ${note}`);
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
    writeJson(file, [...earlier, { bench: this.#bench, ...this.#facts, tables }]);
  }

  /** Makes these rates the ones that later runs are compared with. */
  saveBaseline(): void {
    const machine = this.#machine;
    const rates = this.#tables.flatMap((table) =>
      table.rows.map((row) => {
        const rate = Number(this.#rate(row).toPrecision(3));
        return [this.#key(table, row), { machine, rate }] as const;
      }),
    );
    writeJson(BASELINE, { ...this.#baseline, ...Object.fromEntries(rates) });
  }
}

const cores = (): number => os.availableParallelism();

function print(line: string): void {
  process.stdout.write(`${line}\n`);
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

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const pad = (cell: string, at: number): string =>
    at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function readJson(file: string | URL): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function writeJson(file: string | URL, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
