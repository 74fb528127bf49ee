// DeepFool beside L-BFGS on the very images that L-BFGS ran on: as the paper has it, without a box, and in the
// box that L-BFGS stays in.
import type { ResultColumn } from '../report/experiment-result.ts';
import { runCell, type Cell, type Norm } from './cell.ts';
import type { ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';

export interface SameImages {
  readonly network: string;
  readonly images: number;
  readonly lbfgs: number | null;
  readonly deepfool: number | null;
  readonly deepfool_in_box: number | null;
  /** Images on which L-BFGS found less than DeepFool, without a box and in it. */
  readonly lbfgs_less: number;
  readonly lbfgs_less_in_box: number;
}

/** Attacks the images of the L-BFGS cell once more, without its box and in it. */
export async function compareOnSameImages(
  context: ExperimentContext,
  network: Network,
  norm: Norm,
  lbfgs: Cell,
): Promise<SameImages> {
  const { length: images } = lbfgs.rhos;
  const method = 'deepfool';
  const free = await runCell(context, network, norm, images, { method });
  const bounds = lbfgs.summary.bounds!;
  const boxed = await runCell(context, network, norm, images, { method, bounds });
  const isLess = (others: Cell['rhos']) => (rho: number | null, k: number) =>
    rho !== null && rho < (others[k] ?? Infinity);
  return {
    network: network.name,
    images,
    lbfgs: lbfgs.summary.rho_mean,
    deepfool: free.summary.rho_mean,
    deepfool_in_box: boxed.summary.rho_mean,
    lbfgs_less: lbfgs.rhos.filter(isLess(free.rhos)).length,
    lbfgs_less_in_box: lbfgs.rhos.filter(isLess(boxed.rhos)).length,
  };
}

const columns: readonly ResultColumn[] = [
  { key: 'network', title: 'network' },
  { key: 'images', title: 'images' },
  { key: 'lbfgs', title: 'L-BFGS', meaning: 'ρ̂ in the box [0, 1]' },
  { key: 'deepfool', title: 'DeepFool', meaning: 'ρ̂ without a box, as in the paper' },
  { key: 'deepfool_in_box', title: 'DeepFool in the box' },
  {
    key: 'lbfgs_less',
    title: 'L-BFGS less',
    meaning: 'images on which L-BFGS found less than DeepFool without a box',
  },
  {
    key: 'lbfgs_less_in_box',
    title: 'in the box',
    meaning: 'images on which L-BFGS found less than DeepFool in the box',
  },
];

const round = (rho: number | null): string => rho?.toPrecision(4) ?? '–';

/** Which of the two found less on the same images, and why. */
function note(row: SameImages): string {
  const { network, images, lbfgs, deepfool, deepfool_in_box: boxed } = row;
  const numbers =
    `on the ${images} images that L-BFGS ran on its ρ̂ is ${round(lbfgs)}, DeepFool's ` +
    `${round(deepfool)} without a box and ${round(boxed)} in it`;
  return `${network}: ${numbers}; ${verdict(row)}`;
}

const REASON =
  'it searches for the least perturbation, DeepFool takes the first that its steps meet';

function verdict({ images, lbfgs, deepfool, deepfool_in_box: boxed, ...row }: SameImages): string {
  if (lbfgs === null || deepfool === null || boxed === null) return 'one of them fooled no image';
  if (deepfool >= lbfgs) {
    return `L-BFGS finds less, on ${row.lbfgs_less} of ${images} images: ${REASON}`;
  }
  if (boxed < lbfgs) return "DeepFool's is the smaller, in the box too";
  return (
    "DeepFool's is the smaller as in the paper, where no box holds it; in the box L-BFGS finds less, " +
    `on ${row.lbfgs_less_in_box} of ${images} images: ${REASON}`
  );
}

export const SAME_IMAGES = { columns, note } as const;
