// Snapshots of training as files, with what the run was started with: it may only go on as the same run.
import { DataError, OptionError } from '../core/errors.ts';
import { readTensorFile, writeTensorFile } from '../data/tensor-file.ts';
import type { EpochReport, Snapshot } from './training.ts';

/** What a run was started with, by the names of its options. */
export type RunIdentity = Readonly<Record<string, unknown>>;

const FORMAT = 'deepfool training 1';

/** @throws OutputError when the file cannot be written; an older one is then still there. */
export async function writeCheckpoint(
  path: string,
  { steps, tensors, history }: Snapshot,
  identity: RunIdentity,
): Promise<void> {
  const metadata = {
    format: FORMAT,
    steps: String(steps),
    history: JSON.stringify(history),
    run: JSON.stringify(identity),
  };
  await writeTensorFile(path, { tensors, metadata });
}

/**
 * Reads a checkpoint of the run that `identity` tells of.
 * @throws DataError when the file is no checkpoint.
 * @throws OptionError naming the first option in which the two runs differ.
 */
export async function readCheckpoint(path: string, identity: RunIdentity): Promise<Snapshot> {
  const { tensors, metadata } = await readTensorFile(path);
  const { format, steps = '', history = '', run = '' } = metadata;
  if (format !== FORMAT) throw new DataError(`${path}: expected a checkpoint of training`);
  const before = JSON.parse(run) as RunIdentity;
  for (const name of new Set([...Object.keys(before), ...Object.keys(identity)])) {
    const [was, is] = [JSON.stringify(before[name]), JSON.stringify(identity[name])];
    if (was === is) continue;
    throw new OptionError(
      `--resume: ${path} is of a run with ${name} ${was}, this one has ${is}\n` +
        '  give the options it was started with, or leave out --resume',
    );
  }
  return { steps: Number(steps), tensors, history: JSON.parse(history) as EpochReport[] };
}
