// The frame around every bench: options, device, header, results to files, errors in one line.
import { parseArgs } from 'node:util';
import { messageOf } from '../src-ts/core/errors.ts';
import type { Executor } from '../src-ts/executor/executor.ts';
import { openWebGpu } from '../src-ts/executor/webgpu/index.ts';
import { measureAll, type Measurement, type SampleOptions, type Work } from './measure.ts';
import { Report, type Table } from './report.ts';

export interface Bench {
  readonly executor: Executor;
  /** Takes samples of all works in turns; `--samples` overrides how many. */
  readonly measure: (works: readonly Work[], options?: SampleOptions) => Promise<Measurement[]>;
  /** Prints a table and keeps it for the files. */
  readonly add: (table: Table) => void;
}

/** Runs one bench from the command line: `[--json FILE] [--save-baseline] [--samples N]`. */
export async function runBench(name: string, body: (bench: Bench) => Promise<void>): Promise<void> {
  try {
    const { json, samples, ...options } = readOptions();
    const executor = await openWebGpu();
    const report = new Report(name, executor.info);
    report.printHeader();
    await body({
      executor,
      measure: (works, given = {}) =>
        measureAll(works, samples === null ? given : { ...given, samples }),
      add: (table) => {
        report.add(table);
      },
    });
    if (json !== null) report.saveJson(json);
    if (options.saveBaseline) report.saveBaseline();
    process.exit(0); // rivals keep devices and timers open
  } catch (error) {
    process.stderr.write(`bench ${name}: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

function readOptions(): { json: string | null; samples: number | null; saveBaseline: boolean } {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      samples: { type: 'string' },
      'save-baseline': { type: 'boolean', default: false },
    },
  });
  const samples = values.samples === undefined ? null : Number(values.samples);
  if (samples !== null && !(Number.isInteger(samples) && samples > 0)) {
    throw new Error(`--samples: expected a whole number ≥ 1, got ${values.samples ?? ''}`);
  }
  return { json: values.json ?? null, samples, saveBaseline: values['save-baseline'] };
}
