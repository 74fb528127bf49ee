// Figure 7: robustness while a network is trained further on images moved α times as far as DeepFool would.
import type { ResultColumn } from '../report/experiment-result.ts';
import { writeCurves } from './curves.ts';
import type { Experiment } from './experiment.ts';
import { describeRuns, finetuneAll } from './finetuning.ts';
import { TRAINABLE } from './protocol.ts';
import { writeResult } from './write-result.ts';

const ALPHAS = [1, 2, 3];

export const fig7: Experiment = {
  networks: TRAINABLE,
  trains: true,
  run: async (context) => {
    const variants = ALPHAS.map((alpha) => ({ diet: 'deepfool' as const, alpha }));
    const runs = await finetuneAll(context, variants);
    const figures = [];
    for (const { network, plan, curves } of runs) {
      figures.push(
        await writeCurves(context, {
          name: `fig7-${network.model}`,
          ...{ network, quantity: 'mean ρ by DeepFool', subset: plan.words },
          series: curves.map(({ variant, points }) => ({
            title: `α = ${variant.alpha}`,
            values: points.map(({ rho }) => rho),
          })),
        }),
      );
    }
    await writeResult(context, {
      experiment: 'fig7',
      title: 'Figure 7: too large perturbations',
      abstract:
        "A network is trained further on images that DeepFool's perturbations, times α, are added to. ρ̂ is " +
        'measured by DeepFool after each epoch.',
      ...describeRuns(runs),
      tables: [
        {
          name: 'fig7',
          title: 'ρ̂ by α and extra epochs',
          columns: COLUMNS,
          rows: runs.flatMap(({ network, curves }) =>
            curves.flatMap(({ variant: { alpha }, points }) =>
              points.map(({ epoch, rho, error }) => {
                return { network: network.name, alpha, epoch, rho, error };
              }),
            ),
          ),
        },
      ],
      figures,
      grids: [],
    });
  },
};

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'alpha', title: 'α' },
  { key: 'epoch', title: 'epoch' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖ as DeepFool finds it' },
  { key: 'error', title: 'test error', unit: '%' },
];
