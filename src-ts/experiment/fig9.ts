// Figure 9: how a poor attack misjudges robustness. A network is trained further on fast gradient's images,
// slowly, and judged after each epoch by DeepFool and by fast gradient sign itself.
import type { ResultColumn } from '../report/experiment-result.ts';
import { writeCurves } from './curves.ts';
import type { Experiment } from './experiment.ts';
import { describeRuns, finetuneAll, type NetworkRuns } from './finetuning.ts';
import { DIET_TITLES, JUDGES, SLOW_LR_FACTOR, TRAINABLE } from './protocol.ts';
import { writeResult } from './write-result.ts';

/** By each judge: ρ̂ over that of the original network, before the extra epochs and after each. */
interface Judged extends Pick<NetworkRuns, 'network' | 'plan'> {
  readonly rows: readonly {
    readonly network: string;
    readonly judge: string;
    readonly epoch: number;
    readonly rho: number | null;
    readonly relative: number | null;
    readonly error: number;
  }[];
}

export const fig9: Experiment = {
  networks: TRAINABLE,
  trains: true,
  run: async (context) => {
    const variant = { diet: 'fgsm', lrFactor: SLOW_LR_FACTOR } as const;
    const runs = await finetuneAll(context, [variant], JUDGES);
    const judged = runs.map(judgedOf);
    const figures = [];
    for (const { network, plan, rows } of judged) {
      figures.push(
        await writeCurves(context, {
          name: `fig9-${network.model}`,
          ...{ network, quantity: 'mean ρ over that before', subset: plan.words },
          series: JUDGES.map((judge) => ({
            title: `by ${DIET_TITLES[judge]}`,
            values: rows
              .filter((row) => row.judge === DIET_TITLES[judge])
              .map((row) => row.relative),
          })),
        }),
      );
    }
    await writeResult(context, {
      experiment: 'fig9',
      title: 'Figure 9: robustness as two attacks judge it',
      abstract:
        "A network is trained further on fast gradient sign's images, at a tenth of the learning rate. " +
        'After each epoch its ρ̂ is measured by DeepFool and by fast gradient sign with its one ε for 90 %, ' +
        'each over what it found on the original network. The paper shows NIN.',
      ...describeRuns(runs),
      tables: [
        {
          name: 'fig9',
          title: 'ρ̂ by judge and extra epochs',
          columns: COLUMNS,
          rows: judged.flatMap(({ rows }) => rows),
        },
      ],
      figures,
      grids: [],
    });
  },
};

function judgedOf({ network, plan, curves }: NetworkRuns): Judged {
  const rows = curves.flatMap(({ judge, points }) => {
    const before = points[0]?.rho ?? null;
    return points.map(({ epoch, rho, error }) => ({
      ...{ network: network.name, judge: DIET_TITLES[judge], epoch, rho, error },
      relative: rho === null || before === null ? null : rho / before,
    }));
  });
  return { network, plan, rows };
}

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'judge', title: 'judged by' },
  { key: 'epoch', title: 'epoch' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖ over the images that the judge fooled' },
  { key: 'relative', title: 'relative', meaning: 'ρ̂ over that of the original network' },
  { key: 'error', title: 'test error', unit: '%' },
];
