// Figures of a real network at a real image: the numbers beside the pictures hold what these show.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice, type Device } from '../../src-ts/api/device.ts';
import type { Experiment } from '../../src-ts/experiment/experiment.ts';
import { fig1 } from '../../src-ts/experiment/fig1.ts';
import { fig2 } from '../../src-ts/experiment/fig2.ts';
import { fig3 } from '../../src-ts/experiment/fig3.ts';
import { fig4 } from '../../src-ts/experiment/fig4.ts';
import { fig5 } from '../../src-ts/experiment/fig5.ts';
import { fig8 } from '../../src-ts/experiment/fig8.ts';
import { ExperimentFolder } from '../../src-ts/experiment/folder.ts';
import { NETWORKS } from '../../src-ts/experiment/networks.ts';
import type { ExperimentResult, ResultCell } from '../../src-ts/report/experiment-result.ts';
import { SHARED, sharedPath } from '../attack/shared.ts';
import { temporaryFolder } from '../data/fixtures.ts';

const temporary = temporaryFolder();
let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => {
  device.dispose();
});

type Row = Readonly<Record<string, ResultCell>>;

/** Runs a figure on FC500-150-10, which is quick to draw; returns its table after a look at its files. */
async function rowsOf(name: string, experiment: Experiment): Promise<readonly Row[]> {
  const networks = NETWORKS.filter(({ model }) => model === 'fc500-150-10-mnist');
  const folder = await ExperimentFolder.open(temporary.path);
  const [models, data] = [sharedPath('models'), sharedPath('data')];
  await experiment.run({ folder, quick: true, networks, models, data, device, watch: {} });
  const text = await readFile(join(temporary.path, `${name}.json`), 'utf8');
  const { figures, tables } = JSON.parse(text) as ExperimentResult;
  for (const { file } of figures) {
    const svg = await readFile(join(temporary.path, file), 'utf8');
    expect(svg).toContain(name === 'fig1' ? 'data:image/png;base64,' : 'FC500-150-10 (MNIST)');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const png = await readFile(join(temporary.path, file.replace('.svg', '.png')));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  }
  return tables[0]!.rows;
}

describe.skipIf(!SHARED)('on FC500-150-10', () => {
  it('figure 1: both methods change the class, and DeepFool needs less', async () => {
    const rows = await rowsOf('fig1', fig1);
    expect(rows.map((row) => row['method'])).toEqual(['deepfool', 'fgsm']);
    for (const row of rows) expect(row['becomes']).not.toBe(row['predicted']);
    expect(rows[0]!['rho']).toBeLessThan(Number(rows[1]!['rho']));
  });

  it('figure 2: the projection has the closed form’s length', async () => {
    const [row] = await rowsOf('fig2', fig2);
    expect(row!['f']).toBeLessThan(0);
    expect(row!['distance']).toBeGreaterThan(0);
    expect(Math.abs(Number(row!['f_there']))).toBeLessThan(0.5 * Math.abs(Number(row!['f'])));
  });

  it('figure 3: the iterates go to the zero of f, the first three on the plane', async () => {
    const rows = await rowsOf('fig3', fig3);
    const values = rows.map((row) => Number(row['f']));
    expect(values.slice(0, -1).every((f) => f <= 0)).toBe(true);
    expect(values.at(-1)).toBeGreaterThan(0);
    for (const row of rows.slice(0, 3)) expect(row['off']).toBeLessThan(1e-2);
    const step = Number(rows[1]!['from_image']) / Number(rows[0]!['distance']);
    expect(step).toBeCloseTo(1.02, 3);
  });

  it('figure 4: no line of the picture is nearer than its face, and the two nearest are as near', async () => {
    const rows = await rowsOf('fig4', fig4);
    expect(rows).toHaveLength(9);
    const ratios = rows.map((row) => Number(row['on_plane']) / Number(row['distance']));
    for (const ratio of ratios.slice(0, 2)) expect(ratio).toBeCloseTo(1, 3);
    for (const ratio of ratios) expect(ratio).toBeGreaterThan(0.999);
    const distances = rows.map((row) => Number(row['distance']));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  });

  it('figure 5: only the last iterate is of another class', async () => {
    const rows = await rowsOf('fig5', fig5);
    const classes = rows.map((row) => row['class']);
    expect(new Set(classes.slice(0, -1)).size).toBe(1);
    expect(classes.at(-1)).not.toBe(classes[0]);
    expect(rows[0]!['off']).toBe(0);
    expect(rows.at(-1)!['off']).toBeLessThan(1e-2);
  });

  it('figure 8: each digit is itself as it is, and another with its perturbation', async () => {
    const rows = await rowsOf('fig8', fig8);
    const digits = [...new Set(rows.map((row) => row['image']))];
    expect(digits).toHaveLength(10);
    for (const image of digits) {
      const own = rows.filter((row) => row['image'] === image);
      expect(own.map((row) => row['alpha'])).toEqual([0, 1, 2, 3, 4]);
      const [label] = own.map((row) => row['label']);
      const others = own.slice(1).map((row) => row['predicted']);
      expect(own[0]!['predicted']).toBe(label);
      expect(others).not.toContain(label);
    }
    expect(new Set(rows.map((row) => row['label'])).size).toBe(10);
    const svg = await readFile(join(temporary.path, 'fig8-fc500-150-10-mnist.svg'), 'utf8');
    expect(svg.match(/data:image\/png;base64,/g)).toHaveLength(rows.length);
    expect(svg.length).toBeLessThan(1000 * rows.length);
  });
});
