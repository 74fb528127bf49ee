// A whole run, as `deepfool attack` makes it: model and data from files, results to files, a summary.
import { readFile } from 'node:fs/promises';
import type { ResolvedOptions } from '../attack/options.ts';
import type { AttackRecord } from '../attack/record.ts';
import { DataError, messageOf, OptionError } from '../core/errors.ts';
import { openDataset } from '../data/dataset.ts';
import { parseRange, rangeText, type IndexRange } from '../data/range.ts';
import type { Dataset } from '../data/sample.ts';
import type { DeviceInfo } from '../executor/executor.ts';
import { ContactSheet, requireSheetPath } from '../report/contact-sheet.ts';
import type { ImageFolder } from '../report/image-folder.ts';
import { count } from '../report/numbers.ts';
import { ResultWriter } from '../report/result-writer.ts';
import type { Summary } from '../report/summary.ts';
import { TraceWriter } from '../report/trace-writer.ts';
import { Tally } from '../report/tally.ts';
import { requireBatch, type AttackOptions } from './attack-options.ts';
import { AttackRun } from './attack-run.ts';
import { openFolder } from './deepfool.ts';
import { readImages } from './images.ts';
import { matchModel } from './match-model.ts';
import { resolveMethod } from './methods.ts';
import { readModel, type Model } from './model.ts';
import { isWrong, type Result } from './result.ts';

/** All options of `deepfool attack`, by the same names. */
export interface RunOptions extends Omit<AttackOptions, 'pixels' | 'onNote'> {
  /** Path of the data set. */
  readonly data: string;
  /** `train`, `test` or `val` of a data set that has splits. */
  readonly split?: string;
  /** File for one record an image: `.ndjson`, `.jsonl` or `.csv`. */
  readonly out?: string;
  /** File for a trace of kernels, transfers and loading, for chrome://tracing or Perfetto. */
  readonly trace?: string;
  /** PNG file that shows a dozen of the fooled images. */
  readonly contactSheet?: string;
  /** File with the name of each class, a line each, from class 0 on; for the contact sheet. */
  readonly classNames?: string;
}

/** What a caller may want to see while a run goes on. */
export interface Watch {
  /** Stops the run: what is computed is written, and the summary covers it. */
  readonly signal?: AbortSignal;
  /** Something worth a line: a software device, a smaller batch. */
  readonly onNote?: (note: string) => void;
  /** The record of each image that is counted, in their order. */
  readonly onRecord?: (record: AttackRecord) => void;
  /** Images counted so far, out of how many; first 0, when the attack begins. */
  readonly onProgress?: (progress: { done: number; total: number; fooled: number }) => void;
}

/**
 * Attacks the images of a data set and writes what was asked for.
 * Wrong options, unfit models and unwritable files are refused before any image is attacked; a run
 * that fails later leaves what it had under a `.partial` name, which its error tells.
 * @throws OptionError, DataError, ModelError, OnnxParseError, UnsupportedOpError, DeviceError,
 * DeviceLimitError, OutOfMemoryError, DeviceLostError, OutputError.
 */
export async function attackDataset(
  model: string | Uint8Array,
  options: RunOptions,
  watch: Watch = {},
): Promise<Summary> {
  requireBatch(options.batch);
  if (options.contactSheet !== undefined) await requireSheetPath(options.contactSheet);
  const trace = openTrace(options);
  try {
    const summary = await runWithResults(model, options, { ...watch, trace });
    trace?.commit();
    return summary;
  } finally {
    trace?.discard();
  }
}

async function runWithResults(
  model: string | Uint8Array,
  options: RunOptions,
  watch: TracedWatch,
): Promise<Summary> {
  const writer = options.out === undefined ? null : await ResultWriter.open(options.out);
  try {
    const summary = await prepareAndRun(model, options, writer, watch);
    if (summary.interrupted && writer?.count === 0) {
      await writer.discard(); // rather than an empty file in the place of an earlier one
      return { ...summary, out: null };
    }
    await writer?.commit();
    return summary;
  } catch (error) {
    const partial = await writer?.salvage().catch(() => null);
    if (typeof partial === 'string' && error instanceof Error) {
      error.message += `\n  the ${writer!.count} records computed before are in ${partial}`;
    }
    throw error;
  }
}

interface TracedWatch extends Watch {
  readonly trace: TraceWriter | null;
}

function openTrace({ trace, device }: RunOptions): TraceWriter | null {
  if (trace === undefined) return null;
  if (device !== undefined && typeof device !== 'string') {
    throw new OptionError('--trace: a device that is open already cannot be traced: give its name');
  }
  return new TraceWriter(trace);
}

async function prepareAndRun(
  source: string | Uint8Array,
  options: RunOptions,
  writer: ResultWriter | null,
  watch: TracedWatch,
): Promise<Summary> {
  const { data, split } = options;
  const dataset = await openDataset(data, split === undefined ? {} : { split });
  const { model, first } = await matchModel(await readModel(source), dataset, options);
  const { channels } = model.inputShape;
  const settings = resolveMethod(options, { classes: model.classes, channels });
  if (options.onlyCorrect === true && first.label === null) {
    throw new OptionError(
      `--only-correct: expected labelled images, ${dataset.path} has no labels`,
    );
  }
  const classNames = await readClassNames(options.classNames, dataset);
  const folder = await openFolder(model, options);
  const { trace, onNote = () => undefined } = watch;
  const attack = await AttackRun.open(
    model,
    { ...options, onNote },
    { images: options.contactSheet !== undefined, folder, tracer: trace },
  );
  const unfinished: Unfinished = { last: Promise.resolve() };
  try {
    const { info, batch } = attack;
    if (info.software && (options.device ?? 'auto') === 'auto') {
      onNote(`no GPU was found: ${info.name} computes on the processor`);
    }
    const notes = [
      ...(settings.lazy !== null && !model.batchable ? [NOT_LAZY] : []),
      ...foundNote(folder),
      ...(trace?.notes ?? []),
    ];
    for (const note of notes) onNote(note);
    const range = parseRange(options.range ?? ':', dataset.length);
    const total = range.count;
    const how = { ...options, ahead: 2 * batch, tracer: trace };
    const results = attack.results(readImages(dataset, model.inputShape, how));
    const run = { options, settings, dataset, model, batch, classNames, device: info };
    const write: Write = (record) => writer?.write({ ...record, tuning: attack.tuning });
    const outcome = await consume(results, { ...run, total, unfinished }, write, watch);
    if (trace !== null && !outcome.interrupted) await attack.finish();
    const { tuning, epsilon } = attack;
    return summarize(
      { ...run, tuning, epsilon, range, notes: [...notes, ...attack.notes] },
      outcome,
    );
  } finally {
    void unfinished.last.finally(() => {
      attack.dispose();
    });
  }
}

interface Run {
  readonly options: RunOptions;
  readonly settings: ResolvedOptions;
  readonly dataset: Dataset;
  readonly model: Model;
  readonly batch: number;
  readonly device: DeviceInfo;
  readonly classNames: readonly string[] | null;
}

/** Work still on the device when a run is stopped; the device is let go of after it. */
interface Unfinished {
  last: Promise<unknown>;
}

interface Outcome {
  readonly tally: Tally;
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly sheet: string | null;
}

type Write = (record: AttackRecord) => Promise<void> | undefined;

async function consume(
  results: AsyncGenerator<Result>,
  run: Run & { readonly total: number; readonly unfinished: Unfinished },
  write: Write,
  { signal, onRecord, onProgress }: Watch,
): Promise<Outcome> {
  const { options, model, settings, classNames, total } = run;
  const tally = new Tally();
  const { channels, height, width } = model.inputShape;
  const sheet =
    options.contactSheet === undefined ? null : new ContactSheet([channels, height, width]);
  const startedAt = performance.now();
  let [done, fooled] = [0, 0];
  let interrupted = false;
  onProgress?.({ done, total, fooled });
  const onAbort = (pending: Promise<unknown>): void => {
    interrupted = true;
    run.unfinished.last = pending;
  };
  for await (const result of untilAborted(results, signal, onAbort)) {
    done++;
    if (options.onlyCorrect === true && isWrong(result.record)) {
      tally.skip(result.record);
    } else {
      tally.add(result.record);
      onRecord?.(result.record);
      await write(result.record);
      sheet?.offer(result);
      if (result.record.status === 'fooled') fooled++;
    }
    onProgress?.({ done, total, fooled });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  if (sheet === null || options.contactSheet === undefined || sheet.empty) {
    return { tally, seconds, interrupted, sheet: null };
  }
  const titles = { model: model.name, norm: settings.norm, ...tally.totals() };
  await sheet.write(options.contactSheet, titles, classNames);
  return { tally, seconds, interrupted, sheet: options.contactSheet };
}

/** The results until the signal comes; those still on the device are not waited for. */
async function* untilAborted(
  results: AsyncGenerator<Result>,
  signal: AbortSignal | undefined,
  onAbort: (pending: Promise<unknown>) => void,
): AsyncGenerator<Result> {
  let stop = (): void => undefined;
  const aborted = new Promise<null>((resolve) => {
    stop = () => {
      resolve(null);
    };
    if (signal?.aborted === true) stop();
  });
  signal?.addEventListener('abort', stop);
  try {
    for (;;) {
      const pending = results.next();
      const next = await Promise.race([pending, aborted]);
      if (next === null) {
        // Nobody waits for its result any more, nor for what ends with the stream.
        onAbort(pending.then(() => results.return(undefined)).catch(() => undefined));
        return;
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function summarize(
  run: Run & {
    readonly tuning: string;
    readonly epsilon: number | null;
    readonly range: IndexRange;
    readonly notes: readonly string[];
  },
  { tally, seconds, interrupted, sheet }: Outcome,
): Summary {
  const { options, settings, dataset, model, batch, device, tuning, epsilon, range, notes } = run;
  const totals = tally.totals();
  const attacked = totals.images + totals.skipped;
  return {
    ...totals,
    seconds: round(seconds),
    images_per_second: seconds > 0 ? round(attacked / seconds) : null,
    device: `${device.name}${device.software ? ' (software)' : ''}`,
    tuning,
    method: options.method ?? 'deepfool',
    norm: settings.norm === Infinity ? 'inf' : settings.norm,
    overshoot: settings.overshoot,
    candidates: settings.candidates,
    lazy: settings.lazy,
    max_steps: settings.maxSteps,
    stabilizer: settings.stabilizer,
    bounds: settings.bounds,
    epsilon,
    target: settings.target,
    mean: settings.mean,
    std: settings.std,
    quantize: settings.quantize,
    only_correct: options.onlyCorrect ?? false,
    batch,
    model: model.name,
    data: options.data,
    split: dataset.split,
    range: rangeText(range),
    out: options.out ?? null,
    contact_sheet: sheet,
    save_images: options.saveImages ?? null,
    interrupted,
    notes: [...model.notes, ...notes, ...sheetNote(options, sheet)],
  };
}

function foundNote(folder: ImageFolder | null): string[] {
  if (folder === null || folder.found === 0) return [];
  const files = count(folder.found, 'image');
  return [`${folder.path}: ${files} of an earlier run; those of the same names are replaced`];
}

function sheetNote({ contactSheet }: RunOptions, sheet: string | null): string[] {
  if (contactSheet === undefined || sheet !== null) return [];
  return [`no contact sheet: no image was fooled`];
}

const NOT_LAZY = '--lazy leaves nothing out: the model takes one image at a time';

const round = (value: number): number => Number(value.toPrecision(6));

async function readClassNames(
  path: string | undefined,
  dataset: Dataset,
): Promise<readonly string[] | null> {
  if (path === undefined) return dataset.classNames;
  try {
    const text = await readFile(path, 'utf8');
    return text.trimEnd().split(/\r?\n/);
  } catch (error) {
    throw new DataError(`${path}: the class names cannot be read: ${messageOf(error)}`);
  }
}

export type { AttackRecord };
