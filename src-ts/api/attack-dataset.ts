// A whole run, as `deepfool attack` makes it: model and data from files, results to files, a summary.
import { readFile } from 'node:fs/promises';
import type { Attack } from '../attack/attack.ts';
import type { ResolvedOptions } from '../attack/options.ts';
import type { AttackRecord } from '../attack/record.ts';
import { DataError, messageOf, OptionError, DeviceLostError } from '../core/errors.ts';
import { openDataset } from '../data/dataset.ts';
import { parseRange } from '../data/range.ts';
import type { Dataset } from '../data/sample.ts';
import type { DeviceInfo } from '../executor/executor.ts';
import { ContactSheet, requireSheetPath } from '../report/contact-sheet.ts';
import type { ImageFolder } from '../report/image-folder.ts';
import { count } from '../report/numbers.ts';
import { ResultWriter } from '../report/result-writer.ts';
import type { Summary } from '../report/summary.ts';
import { TraceWriter } from '../report/trace-writer.ts';
import { Tally } from '../report/tally.ts';
import {
  attackItems,
  createAttack,
  openFolder,
  openSaver,
  requireBatch,
  type AttackOptions,
} from './deepfool.ts';
import { openDevice, type Device } from './device.ts';
import { readImages } from './images.ts';
import { matchModel } from './match-model.ts';
import { resolveMethod } from './methods.ts';
import { readModel, type Model } from './model.ts';
import { isWrong, type Result } from './result.ts';

/** All options of `deepfool attack`, by the same names. */
export interface RunOptions extends Omit<AttackOptions, 'pixels'> {
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
 * DeviceLimitError, DeviceLostError, OutputError.
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
  const { device = 'auto' } = options;
  const { trace } = watch;
  const open = async (): Promise<Device> =>
    typeof device === 'string'
      ? await openDevice(device, { ...(trace !== null && { tracer: trace }) })
      : device;
  let executor = await open();
  const unfinished: Unfinished = { last: Promise.resolve() };
  try {
    if (executor.info.software && device === 'auto') {
      watch.onNote?.(`no GPU was found: ${executor.info.name} computes on the processor`);
    }
    const compile = (batch = options.batch): Promise<Attack> => {
      const how = { ...options, ...(batch !== undefined && { batch }) };
      return createAttack(executor, model, how, options.contactSheet !== undefined);
    };
    let attack = await compile();
    let saver = await openSaver(executor, model, attack, folder, options);
    const { batch } = attack;
    const clamped = options.batch !== undefined && batch < options.batch;
    const why = model.batchable ? 'more does not fit the device' : 'the model takes no more';
    const notes = [
      ...(clamped ? [`batch ${batch} instead of ${options.batch}: ${why}`] : []),
      ...(settings.lazy !== null && !model.batchable ? [NOT_LAZY] : []),
      ...foundNote(folder),
      ...(trace?.notes ?? []),
    ];
    for (const note of notes) watch.onNote?.(note);
    const { info, tuning } = executor;
    const run = { options, settings, dataset, model, batch, classNames, device: info, tuning };
    try {
      const range = parseRange(options.range ?? ':', dataset.length);
      const total = range.end - range.start;
      const begin = (done: number): AsyncGenerator<Result> => {
        const rest = `${range.start + done}:${range.end}`;
        const how = { ...options, range: rest, ahead: 2 * batch, tracer: trace };
        return attackItems(attack, readImages(dataset, model.inputShape, how), saver);
      };
      const reopen = async (lost: DeviceLostError, done: number): Promise<void> => {
        if (typeof device !== 'string') throw lost; // it is the caller's
        if (done > 0 && attack.notes !== undefined) throw lost; // its choice was for all images
        executor.dispose();
        executor = await open();
        attack = await compile(batch);
        saver = await openSaver(executor, model, attack, folder, options);
        const note = `the device was lost after ${done} images; the rest ran on a new one`;
        notes.push(note);
        watch.onNote?.(note);
      };
      const results = throughLosses(begin, reopen);
      const outcome = await consume(results, { ...run, total, unfinished }, writer, watch);
      if (trace !== null && !outcome.interrupted) await executor.finish();
      return summarize({ ...run, range, notes: [...notes, ...(attack.notes ?? [])] }, outcome);
    } finally {
      void unfinished.last.finally(() => {
        attack.dispose();
        saver?.dispose();
      });
    }
  } finally {
    void unfinished.last.finally(() => {
      if (typeof device === 'string') executor.dispose();
    });
  }
}

/** Devices that a run may lose before it fails: a driver may fail again and again. */
const MOST_LOSSES = 3;

/**
 * Results from the first image on; when the device is lost, `reopen` makes another and `begin` goes on
 * after the results there are. An image's result does not depend on where the run began.
 */
export async function* throughLosses<T>(
  begin: (done: number) => AsyncIterable<T>,
  reopen: (lost: DeviceLostError, done: number) => Promise<void>,
): AsyncGenerator<T> {
  let done = 0;
  for (let losses = 0; ; losses++) {
    try {
      for await (const result of begin(done)) {
        done++;
        yield result;
      }
      return;
    } catch (error) {
      if (!(error instanceof DeviceLostError) || losses === MOST_LOSSES) throw error;
      await reopen(error, done);
    }
  }
}

interface Run {
  readonly options: RunOptions;
  readonly settings: ResolvedOptions;
  readonly dataset: Dataset;
  readonly model: Model;
  readonly batch: number;
  readonly device: DeviceInfo;
  readonly tuning: string;
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

async function consume(
  results: AsyncGenerator<Result>,
  run: Run & { readonly total: number; readonly unfinished: Unfinished },
  writer: ResultWriter | null,
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
      await writer?.write(result.record);
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
  const aborted = new Promise<null>((resolve) => {
    signal?.addEventListener('abort', () => {
      resolve(null);
    });
    if (signal?.aborted === true) resolve(null);
  });
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
}

function summarize(
  run: Run & { range: { start: number; end: number }; notes: readonly string[] },
  { tally, seconds, interrupted, sheet }: Outcome,
): Summary {
  const { options, settings, dataset, model, batch, device, tuning, range, notes } = run;
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
    target: settings.target,
    mean: settings.mean,
    std: settings.std,
    quantize: settings.quantize,
    only_correct: options.onlyCorrect ?? false,
    batch,
    model: model.name,
    data: options.data,
    split: dataset.split,
    range: `${range.start}:${range.end}`,
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
