// Tunes kernels for a model on this machine: the variants of its convolutions and products are raced, and
// the winners kept in the adapter's table, which devices are opened with from then on. Classes of work that
// the table knows from other models stay in it.
import { OptionError } from '../core/errors.ts';
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
  /** Minutes after which no further class of work is raced; what was raced is kept. Default 10. */
  readonly minutes?: number;
}

const DEFAULT_MINUTES = 10;
const DEFAULT_BATCH = 8; // fills the cores of a CPU; variants do not depend on the batch

/**
 * Races the kernel variants that a step of the attack on `model` can be made of, and saves the winners.
 * `onProgress` hears of every class of work. Those with the most work come first, and those that there was
 * no time for stay as they were.
 * @throws OptionError, DeviceError, DeviceLimitError, OutputError.
 */
export async function tuneModel(
  model: Model,
  options: TuneOptions = {},
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<TunedStep> {
  const { device = 'auto', minutes = DEFAULT_MINUTES, ...step } = options;
  if (!(minutes > 0)) throw new OptionError(`--minutes: expected a number > 0, got ${minutes}`);
  const executor = await openOwnDevice({ name: device });
  try {
    const planner = executor.withTuning({ name: 'rules', entries: {} });
    const { graph, fits, compile } = stepOf(planner, model, { batch: DEFAULT_BATCH, ...step });
    const { tuned: classes, left } = await tuneGraph(executor, graph, compile.capacity, {
      seconds: 60 * minutes,
      onClass: (_tuned, done, total) => {
        onProgress(done, total);
      },
    });
    const known = await readTable(executor.info, () => undefined);
    const entries = mergeWinners(known, classes);
    const path = await saveTuning(executor.info, entries);
    const tuning = executor.withTuning({ name: 'tuned', entries }).tuning;
    return { device: executor.info.name, batch: fits, classes, left, minutes, path, tuning };
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
