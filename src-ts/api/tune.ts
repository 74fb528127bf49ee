// Tunes kernels for a model on this machine: the variants of its convolutions and products are raced, and
// the winners kept in the adapter's table, which devices are opened with from then on. Classes of work that
// the table knows from other models stay in it.
import type { TuningTable } from '../executor/tuning.ts';
import { tuneGraph } from '../executor/webgpu/tuner.ts';
import type { TunedStep } from '../report/tuning.ts';
import { openOwnDevice } from './device.ts';
import type { Model } from './model.ts';
import { stepOf, type PlanOptions } from './plan.ts';
import { readTable, saveTuning } from './tuning-file.ts';

export interface TuneOptions extends Omit<PlanOptions, 'device'> {
  /** `auto`, `webgpu`, or part of the name of an adapter. */
  readonly device?: string;
}

const DEFAULT_BATCH = 8; // fills the cores of a CPU; variants do not depend on the batch

/**
 * Races the kernel variants that a step of the attack on `model` can be made of, and saves the winners.
 * `onProgress` hears of every class of work. Nothing is saved unless all were raced.
 * @throws OptionError, DeviceError, DeviceLimitError, OutputError.
 */
export async function tuneModel(
  model: Model,
  options: TuneOptions = {},
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<TunedStep> {
  const { device = 'auto', ...step } = options;
  const executor = await openOwnDevice({ name: device });
  try {
    const planner = executor.withTuning({ name: 'rules', entries: {} });
    const { graph, fits, compile } = stepOf(planner, model, { batch: DEFAULT_BATCH, ...step });
    const classes = await tuneGraph(executor, graph, compile.capacity, (_tuned, done, total) => {
      onProgress(done, total);
    });
    const known = await readTable(executor.info, () => undefined);
    const entries = mergeWinners(known, classes);
    const path = await saveTuning(executor.info, entries);
    const tuning = executor.withTuning({ name: 'tuned', entries }).tuning;
    return { device: executor.info.name, batch: fits, classes, path, tuning };
  } finally {
    executor.dispose();
  }
}

/** What was raced now replaces what was known; where the rule won, the table says nothing. */
function mergeWinners(
  { entries }: TuningTable,
  classes: TunedStep['classes'],
): Readonly<Record<string, string>> {
  const raced = new Set(classes.map((each) => each.class));
  const kept = Object.entries(entries).filter(([name]) => !raced.has(name));
  const won = classes
    .filter(({ rule, winner }) => winner !== rule)
    .map((each) => [each.class, each.winner] as const);
  return Object.fromEntries([...kept, ...won].sort(([a], [b]) => (a < b ? -1 : 1)));
}
