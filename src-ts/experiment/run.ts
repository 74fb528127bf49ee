// Runs experiments by name: what must be there is looked for before any work.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '../api/device.ts';
import type { Watch } from '../api/attack-dataset.ts';
import { DataError, OptionError } from '../core/errors.ts';
import { ExperimentFolder } from './folder.ts';
import { NETWORKS, type Network } from './networks.ts';
import { runTable, type ExperimentContext } from './tables.ts';

type Run = (context: ExperimentContext) => Promise<unknown>;

const EXPERIMENTS: Readonly<Record<string, Run>> = {
  table1: (context) => runTable(context, '2'),
  table2: (context) => runTable(context, 'inf'),
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
 * Runs an experiment, or all of them.
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
  const networks = chooseNetworks(options.networks);
  for (const network of networks) {
    requireFile(join(models, `${network.model}.onnx`), `${network.name}: its model`);
    requireFile(join(data, network.data), `${network.name}: its images`);
  }
  const folder = await ExperimentFolder.open(options.out);
  const device = await openDevice(options.device);
  try {
    const context = {
      folder,
      quick: options.quick ?? false,
      networks,
      models,
      data,
      device,
      watch,
    };
    const wanted = name === 'all' ? Object.values(EXPERIMENTS) : [EXPERIMENTS[name]!];
    for (const run of wanted) await run(context);
  } finally {
    device.dispose();
  }
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
