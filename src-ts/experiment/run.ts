// Runs experiments by name: what must be there is looked for before any work.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '../api/device.ts';
import type { Watch } from '../api/attack-dataset.ts';
import { DataError, OptionError } from '../core/errors.ts';
import { openDataset } from '../data/dataset.ts';
import { writeReport } from '../report/report.ts';
import type { Experiment } from './experiment.ts';
import { fig1 } from './fig1.ts';
import { fig2 } from './fig2.ts';
import { fig3 } from './fig3.ts';
import { fig4 } from './fig4.ts';
import { fig5 } from './fig5.ts';
import { fig6 } from './fig6.ts';
import { fig7 } from './fig7.ts';
import { fig8 } from './fig8.ts';
import { fig9 } from './fig9.ts';
import { ExperimentFolder } from './folder.ts';
import { NETWORKS, type Network } from './networks.ts';
import { table3 } from './table3.ts';
import { table1, table2 } from './tables.ts';

/** In the order of `all`. */
const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  table1,
  table2,
  table3,
  fig1,
  fig2,
  fig3,
  fig4,
  fig5,
  fig6,
  fig7,
  fig8,
  fig9,
};
export const EXPERIMENT_NAMES: readonly string[] = [...Object.keys(EXPERIMENTS), 'all'];

export interface ExperimentOptions {
  /** Folder for the results; a run that was stopped goes on there. */
  readonly out: string;
  /** Subsets that take minutes. Default false. */
  readonly quick?: boolean;
  /** Folder of the networks. Default: `models` of DEEPFOOL_SHARED. */
  readonly models?: string;
  /** Folder of the data sets. Default: `data` of DEEPFOOL_SHARED. */
  readonly data?: string;
  /** Only these, by the names of their files. Default: all. */
  readonly networks?: readonly string[];
  readonly device?: string;
}

/**
 * Runs an experiment, or all of them, and writes the page over the folder after each.
 * @throws OptionError for an unknown one, DataError for missing files, OutputError for a folder that
 * cannot be written, all before any work.
 */
export async function runExperiment(
  name: string,
  options: ExperimentOptions,
  watch: Watch = {},
): Promise<void> {
  if (!EXPERIMENT_NAMES.includes(name)) {
    throw new OptionError(`experiment: expected ${EXPERIMENT_NAMES.join(', ')}; got "${name}"`);
  }
  const models = locate('models', options.models);
  const data = locate('data', options.data);
  const plan = planRun(name, options.networks);
  for (const { experiment, networks } of plan) {
    for (const network of networks) await requireFiles(network, experiment, models, data);
  }
  const folder = await ExperimentFolder.open(options.out);
  const device = await openDevice(options.device);
  const { quick = false } = options;
  try {
    for (const { name: each, experiment, networks } of plan) {
      const before = process.cpuUsage();
      await experiment.run({ folder, quick, networks, models, data, device, watch });
      await writeReport(folder.path);
      watch.onNote?.(`${each}: ${processorSeconds(before)} s of processor time in this run`);
    }
  } finally {
    device.dispose();
  }
}

function processorSeconds(before: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6).toFixed(0);
}

interface Planned {
  readonly name: string;
  readonly experiment: Experiment;
  readonly networks: readonly Network[];
}

/** The experiments of a name with their networks; of `all` those that have any. */
function planRun(name: string, asked: readonly string[] | undefined): Planned[] {
  const chosen = chooseNetworks(asked);
  const names = name === 'all' ? Object.keys(EXPERIMENTS) : [name];
  const plan = names.map((each) => {
    const experiment = EXPERIMENTS[each]!;
    const about = experiment.networks;
    return {
      name: each,
      experiment,
      networks: chosen.filter(({ model }) => about?.includes(model) ?? true),
    };
  });
  const some = plan.filter(({ networks }) => networks.length > 0);
  if (some.length > 0) return some;
  const about = EXPERIMENTS[name]!.networks!.join(', ');
  throw new OptionError(`--networks: ${name} is about ${about}; got ${asked!.join(', ')}`);
}

async function requireFiles(
  network: Network,
  { trains = false }: Experiment,
  models: string,
  data: string,
): Promise<void> {
  const images = join(data, network.data);
  requireFile(join(models, `${network.model}.onnx`), `${network.name}: its model`);
  requireFile(images, `${network.name}: its images`);
  if (trains) await openDataset(images, { split: 'train' });
}

function chooseNetworks(names: readonly string[] | undefined): readonly Network[] {
  const known = NETWORKS.map(({ model }) => model);
  const wrong = names?.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new OptionError(`--networks: expected some of ${known.join(', ')}; got "${wrong}"`);
  }
  return NETWORKS.filter(({ model }) => names?.includes(model) ?? true);
}

function locate(what: 'models' | 'data', given: string | undefined): string {
  const shared = process.env['DEEPFOOL_SHARED'];
  if (given !== undefined) return given;
  if (shared !== undefined) return join(shared, what);
  throw new OptionError(
    `--${what}: expected the folder of ${what}, or DEEPFOOL_SHARED set to one that has it`,
  );
}

function requireFile(path: string, what: string): void {
  if (!existsSync(path)) throw new DataError(`${what} is missing: expected ${path}`);
}
