// What an experiment is to the one who runs it. Each is a file of its own here, and a line in run.ts.
import type { Watch } from '../api/attack-dataset.ts';
import type { Device } from '../api/device.ts';
import type { ExperimentFolder } from './folder.ts';
import type { Network } from './networks.ts';

export interface Experiment {
  /** The networks it is about, by the names of their files; default: all. */
  readonly networks?: readonly string[];
  /** Whether it reads training images: then their split is looked for before any work. */
  readonly trains?: boolean;
  /**
   * Runs the steps that the folder does not hold yet, and writes what was found.
   * @throws InterruptedError when the watch's signal stopped it.
   */
  readonly run: (context: ExperimentContext) => Promise<void>;
}

export interface ExperimentContext {
  readonly folder: ExperimentFolder;
  readonly quick: boolean;
  /** Of the experiment's networks those that were asked for, one or more. */
  readonly networks: readonly Network[];
  /** Folder of the networks' files. */
  readonly models: string;
  /** Folder of the data sets. */
  readonly data: string;
  readonly device: Device;
  readonly watch: Watch;
}

/** The run was stopped; what is done is kept. */
export class InterruptedError extends Error {}
