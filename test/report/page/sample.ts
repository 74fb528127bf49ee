// A folder of experiments for the tests of pages, with every hostile name that fits.
import { join } from 'node:path';
import type { ExperimentResult } from '../../../src-ts/report/experiment-result.ts';
import { png, put } from '../../data/fixtures.ts';

/** Text that runs when it gets into a page as it is. */
export const HOSTILE = `<img src=x onerror="document.title='owned'"> & 'quoted' </script>`;

const HOSTILE_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="200">
  <script>document.title = 'owned'</script><rect width="800" height="200" fill="#eee" onload="x()"/>
  <text x="20" y="100">a figure</text></svg>`;

/** One whose numbers are beside the paper's. */
export function sampleResult(changes: Partial<ExperimentResult> = {}): ExperimentResult {
  return {
    experiment: 'table1',
    title: 'Table 1: ρ̂ for p = 2',
    abstract: 'How large perturbations are.',
    paper: 'Moosavi-Dezfooli, Fawzi, Frossard, CVPR 2016',
    quick: false,
    version: '1.2.3',
    device: 'a device',
    tuning: 'default 0123',
    seeds: 'training 7',
    settings: { p: 2, only_correct: false },
    notes: ['A note.'],
    tables: [
      {
        name: 'table1',
        title: 'Table 1: ρ̂ for p = 2',
        columns: [
          { key: 'network', title: 'network' },
          { key: 'method', title: 'method' },
          { key: 'rho', title: 'ρ̂', meaning: 'mean of ‖r̂‖ / ‖x‖', paper: 'paper_rho' },
          { key: 'ms', title: 'time', unit: 'ms', digits: 2 },
          { key: 'rho_input', title: 'of no row', meaning: 'left out' },
        ],
        rows: [
          { network: 'LeNet', method: 'deepfool', rho: 0.25, paper_rho: 0.2, ms: 5.789 },
          { network: 'LeNet', method: 'fgsm', rho: 0.5, paper_rho: 1, ms: null },
          { network: HOSTILE, method: 'fgsm', rho: null, paper_rho: null, ms: 1 },
        ],
      },
    ],
    figures: [],
    grids: [],
    ...changes,
  };
}

/** Two experiments: `table1`, and a quick `fig1` that is full of pictures and of hostile text. */
export async function putSample(folder: string): Promise<void> {
  const tile = { file: 'images/grey.png', caption: HOSTILE, alt: HOSTILE };
  const columns = ['image', 'perturbation', 'result', 'perturbation', HOSTILE];
  const tiles = [tile, tile, null, tile, tile];
  const fig1 = sampleResult({
    experiment: 'fig1',
    title: `Figure 1: ${HOSTILE}`,
    quick: true,
    settings: { [HOSTILE]: HOSTILE },
    notes: [HOSTILE],
    seeds: 'training 8',
    tables: [],
    figures: [{ file: 'fig1.svg', caption: HOSTILE, alt: HOSTILE }],
    grids: [{ title: HOSTILE, caption: 'Images.', columns, rows: [{ title: HOSTILE, tiles }] }],
  });
  await put(join(folder, 'fig1.json'), JSON.stringify(fig1));
  await put(join(folder, 'fig1.svg'), HOSTILE_SVG);
  await put(join(folder, 'images/grey.png'), png(100, 28, 28));
  await put(join(folder, 'table1.json'), JSON.stringify(sampleResult()));
  await put(join(folder, 'settings.json'), '{"not": "an experiment"}');
}
