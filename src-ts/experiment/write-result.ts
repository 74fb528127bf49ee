// Writes what an experiment found: NAME.json, which pages are made from, and a CSV file for each table.
import { stringify } from 'csv-stringify/sync';
import { packageVersion } from '../api/version.ts';
import type { Device } from '../api/device.ts';
import type { ExperimentResult, RunFacts } from '../report/experiment-result.ts';
import type { ExperimentFolder } from './folder.ts';

/** What an experiment tells itself; the rest is the run's. */
export type Findings = Omit<ExperimentResult, keyof RunFacts | 'paper'> & {
  readonly seeds: RunFacts['seeds'];
};

export interface ResultContext {
  readonly folder: ExperimentFolder;
  readonly quick: boolean;
  readonly device: Device;
}

const PAPER = 'Moosavi-Dezfooli, Fawzi, Frossard, CVPR 2016';

/** Figures and images are in the folder before this is called. */
export async function writeResult(
  { folder, quick, device }: ResultContext,
  findings: Findings,
): Promise<void> {
  const result: ExperimentResult = {
    ...findings,
    notes: [...findings.notes, ...[...folder.otherMakers].map(toldOf)],
    quick,
    version: packageVersion(),
    device: device.info.name,
    tuning: device.tuning,
    paper: PAPER,
  };
  for (const { name, rows } of result.tables) {
    await folder.write(`${name}.csv`, stringify([...rows], { header: true }));
  }
  await folder.write(`${result.experiment}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

const toldOf = (maker: string): string =>
  `Steps that the folder kept were computed by ${maker}, and taken as they are.`;
