// The frame around every bench: options, device, header, results to files, errors in one line.
import { parseArgs } from 'node:util';
import { messageOf } from '../src-ts/core/errors.ts';
import { openOwnDevice } from '../src-ts/api/device.ts';
import type { WebGpuExecutor } from '../src-ts/executor/webgpu/index.ts';
import { measureAll, type Measurement, type SampleOptions, type Work } from './measure.ts';
import { Report, type FactTable, type Table } from './report.ts';

export interface Bench {
  readonly executor: WebGpuExecutor;
  /** Takes samples of all works in turns; `--samples` overrides how many. */
  readonly measure: (works: readonly Work[], options?: SampleOptions) => Promise<Measurement[]>;
  /** Prints a table of rates and keeps it for the files. */
  readonly add: (table: Table) => void;
  /** The same for a table of anything else. */
  readonly addFacts: (table: FactTable) => void;
  /** Says something about all tables of this bench. */
  readonly note: (text: string) => void;
}

/** Runs one bench from the command line: `[--json FILE] [--results] [--save-baseline] [--samples N]`. */
export async function runBench(name: string, body: (bench: Bench) => Promise<void>): Promise<void> {
  try {
    const { json, samples, results, saveBaseline } = readOptions();
    const executor = await openOwnDevice({});
    const report = new Report(name, executor);
    report.printHeader();
    await body({
      executor,
      measure: (works, given = {}) =>
        measureAll(works, samples === null ? given : { ...given, samples }),
      add: (table) => {
        report.add(table);
        if (results) report.savePage(); // what follows may take long
      },
      addFacts: (table) => {
        report.addFacts(table);
        if (results) report.savePage();
      },
      note: (text) => {
        report.note(text);
      },
    });
    if (json !== null) report.saveJson(json);
    if (results) report.savePage();
    if (saveBaseline) report.saveBaseline();
    process.exit(0); // rivals keep devices and timers open
  } catch (error) {
    process.stderr.write(`bench ${name}: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

interface Options {
  readonly json: string | null;
  readonly samples: number | null;
  readonly results: boolean;
  readonly saveBaseline: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      samples: { type: 'string' },
      results: { type: 'boolean', default: false },
      'save-baseline': { type: 'boolean', default: false },
    },
  });
  const samples = values.samples === undefined ? null : Number(values.samples);
  if (samples !== null && !(Number.isInteger(samples) && samples > 0)) {
    throw new Error(`--samples: expected a whole number ≥ 1, got ${values.samples ?? ''}`);
  }
  const { json = null, results, 'save-baseline': saveBaseline } = values;
  return { json, samples, results, saveBaseline };
}
