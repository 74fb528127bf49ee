// One cell of a table: a network attacked by a method, kept image by image.
import { join } from 'node:path';
import { attackDataset } from '../api/attack-dataset.ts';
import type { MethodOptions } from '../api/methods.ts';
import type { Summary } from '../report/summary.ts';
import { InterruptedError, type ExperimentContext } from './experiment.ts';
import { sampleOf, type Network } from './networks.ts';

export type Norm = '2' | 'inf';

export interface Cell {
  readonly summary: Summary;
  /** ‖r̂‖ / ‖x‖ of each image in their order; null where there is no r̂. */
  readonly rhos: readonly (number | null)[];
  /** Processor time in seconds. */
  readonly cpu: number;
}

export type CellOptions = Pick<MethodOptions, 'bounds' | 'epsilon'> & {
  readonly method: NonNullable<MethodOptions['method']>;
};

/**
 * Attacks `count` images of a network's data set, or takes what was kept of that.
 * @throws InterruptedError when the run was stopped.
 */
export async function runCell(
  { folder, models, data, device, watch }: ExperimentContext,
  network: Network,
  norm: Norm,
  count: number,
  own: CellOptions,
): Promise<Cell> {
  const { name, model, data: images, mean, std } = network;
  const options = {
    ...own,
    norm: norm === 'inf' ? Infinity : 2,
    range: sampleOf(network, count),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
  const { info, tuning } = device;
  const settings = { model, data: images, ...options, norm, device: info.name, tuning };
  return folder.step(`${model}-${own.method}-p${norm}`, settings, async () => {
    const more = own.bounds === undefined ? '' : ` in [${own.bounds.join(', ')}]`;
    watch.onNote?.(`${name}, ${own.method}${more}, p = ${norm}: ${count} images`);
    const rhos: (number | null)[] = [];
    const before = process.cpuUsage();
    const run = { ...options, data: join(data, images), device };
    const summary = await attackDataset(join(models, `${model}.onnx`), run, {
      ...watch,
      onRecord: ({ rho }) => {
        rhos.push(rho);
      },
    });
    if (summary.interrupted) throw new InterruptedError();
    const { user, system } = process.cpuUsage(before);
    return { summary, rhos, cpu: (user + system) / 1e6 };
  });
}
