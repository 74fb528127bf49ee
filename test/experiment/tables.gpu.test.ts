// Tables 1 and 2 on real images, with fewer of them than the command takes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice, type Device } from '../../src-ts/api/device.ts';
import type { Norm } from '../../src-ts/experiment/cell.ts';
import { ExperimentFolder } from '../../src-ts/experiment/folder.ts';
import { NETWORKS, type Network } from '../../src-ts/experiment/networks.ts';
import { table1, table2 } from '../../src-ts/experiment/tables.ts';
import type { ExperimentResult } from '../../src-ts/report/experiment-result.ts';
import { writeReport } from '../../src-ts/report/report.ts';
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

const images = { all: 300, lbfgs: 4 };
const FC500: Network = {
  ...NETWORKS.find(({ model }) => model === 'fc500-150-10-mnist')!,
  images: { quick: images, full: images },
};

interface Written {
  readonly result: ExperimentResult;
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** What was computed for it. */
  readonly computed: readonly string[];
}

async function write(norm: Norm, out: string): Promise<Written> {
  const computed: string[] = [];
  const folder = await ExperimentFolder.open(out);
  await (norm === '2' ? table1 : table2).run({
    folder,
    quick: true,
    networks: [FC500],
    models: sharedPath('models'),
    data: sharedPath('data'),
    device,
    watch: { onNote: (note) => computed.push(note) },
  });
  const name = norm === '2' ? 'table1' : 'table2';
  const text = await readFile(join(out, `${name}.json`), 'utf8');
  const rows: Record<string, string>[] = parse(await readFile(join(out, `${name}.csv`)), {
    columns: true,
  });
  return { result: JSON.parse(text) as ExperimentResult, rows, computed };
}

describe.skipIf(!SHARED)('FC500-150-10 on MNIST', () => {
  it('has the ρ̂ that an independent computation has on 300 images, beside the paper’s', async () => {
    const { rows } = await write('2', join(temporary.path, 'p2'));
    const own = rows.find(({ method }) => method === 'deepfool')!;
    expect(Number(own['rho']) / 0.097).toBeGreaterThan(0.97);
    expect(Number(own['rho']) / 0.097).toBeLessThan(1.03);
    expect(Number(own['ratio'])).toBeCloseTo(Number(own['rho']) / 0.11, 12);
    const inf = (await write('inf', join(temporary.path, 'inf'))).rows;
    const linf = inf.find(({ method }) => method === 'deepfool')!;
    expect(Number(linf['rho']) / 0.04).toBeGreaterThan(0.97);
    expect(Number(linf['rho']) / 0.04).toBeLessThan(1.03);
  });

  it('goes on where it was, compares with L-BFGS on the same images, and tells what a subset is', async () => {
    const out = join(temporary.path, 'p2');
    const first = await write('2', out);
    expect(first.computed).toEqual([]);
    const { result } = first;
    const [, subsets, same] = result.tables;
    expect(subsets!.rows.map((row) => row['images'])).toEqual([100, 300]);
    const [row] = same!.rows;
    expect(row).toMatchObject({ network: FC500.name, images: 4 });
    for (const key of ['lbfgs', 'deepfool', 'deepfool_in_box']) {
      expect(row![key], key).toBeGreaterThan(0.03);
    }
    expect(row!['deepfool_in_box']).toBeGreaterThan(Number(row!['deepfool']));
    expect(result.notes.join('\n')).toMatch(/0\.09\d\d over the first 300/);
    expect(result.notes.join('\n')).not.toMatch(/have one label/);
    expect(result.notes.join('\n')).toMatch(/on the 4 images that L-BFGS ran on/);
  });

  it('leaves what a page can be made of', async () => {
    const page = await readFile(await writeReport(join(temporary.path, 'p2')), 'utf8');
    expect(page).toContain('<h2 id="table1-title">Table 1: ρ̂ for p = 2');
    expect(page.match(/<td class="number paper">0\.11</g)).toHaveLength(1);
  });

  it('has one ε for every p', async () => {
    const [two, inf] = [
      await write('2', join(temporary.path, 'p2')),
      await write('inf', join(temporary.path, 'p2')),
    ];
    for (const method of ['fgsm', 'fgsm-float32']) {
      const [a, b] = [two, inf].map(({ rows }) => rows.find((row) => row['method'] === method)!);
      expect(a!['notes']).toMatch(/^ε = 0\.\d+ is the smallest that misleads 90 %/);
      expect(b).toMatchObject({ notes: a!['notes'], fooled: a!['fooled'] });
      const [, epsilon] = /ε = (\S+)/.exec(a!['notes']!)!;
      expect(Number(b!['rho']) / Number(epsilon)).toBeCloseTo(1, 1); // some pixel of each image is nearly 1
    }
  });
});
