// Figure 6: robustness while a network is trained further on DeepFool's, fast gradient's and clean images.
import type { ResultColumn } from '../report/experiment-result.ts';
import { writeCurves } from './curves.ts';
import type { Experiment } from './experiment.ts';
import { describeRuns, finetuneAll, type Curve } from './finetuning.ts';
import { DIET_TITLES, DIETS, TRAINABLE } from './protocol.ts';
import { writeResult } from './write-result.ts';

export const fig6: Experiment = {
  networks: TRAINABLE,
  trains: true,
  run: async (context) => {
    const variants = DIETS.map((diet) => ({ diet }));
    const runs = await finetuneAll(context, variants);
    const figures = [];
    for (const { network, plan, curves } of runs) {
      figures.push(
        await writeCurves(context, {
          name: `fig6-${network.model}`,
          ...{ network, quantity: 'mean ρ by DeepFool', subset: plan.words },
          series: curves.map(({ variant, points }) => ({
            title: DIET_TITLES[variant.diet],
            values: points.map(({ rho }) => rho),
          })),
        }),
      );
    }
    await writeResult(context, {
      experiment: 'fig6',
      title: 'Figure 6: robustness by extra epochs',
      abstract:
        'A network is trained further on its own adversarial images alone, made once before the first of ' +
        'these epochs: by DeepFool, by fast gradient sign, and on clean images for comparison. ρ̂ is measured ' +
        'by DeepFool after each epoch.',
      ...describeRuns(runs),
      tables: [
        {
          name: 'fig6',
          title: 'ρ̂ by extra epochs',
          columns: COLUMNS,
          rows: runs.flatMap(({ plan, curves }) =>
            curves.flatMap((curve) => rowsOf(curve, plan.paperGain)),
          ),
        },
      ],
      figures,
      grids: [],
    });
  },
};

/** The paper tells one number for each network: DeepFool's gain, in its text. */
function rowsOf({ network, variant, points }: Curve, paperGain: number | null) {
  const before = points[0]?.rho ?? null;
  return points.map(({ epoch, rho, error }) => ({
    network: network.name,
    trained_on: DIET_TITLES[variant.diet],
    ...{ epoch, rho, error },
    gain: rho === null || before === null ? null : rho / before,
    paper_gain: variant.diet === 'deepfool' && epoch === points.length - 1 ? paperGain : null,
  }));
}

const COLUMNS: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'trained_on', title: 'trained on' },
  { key: 'epoch', title: 'epoch' },
  { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖ as DeepFool finds it' },
  {
    key: 'gain',
    title: 'gain',
    meaning: 'ρ̂ over that of the original network',
    paper: 'paper_gain',
  },
  { key: 'error', title: 'test error', unit: '%' },
];
