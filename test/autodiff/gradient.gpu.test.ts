// Folded gradients on the device: as the interpreter has them, and to the bit as single ones.
import { describe, expect, it } from 'vitest';
import { intTensor } from '../../src-ts/core/tensor.ts';
import { expectAsInterpreted, runGraph } from '../executor/run-graph.ts';
import { FAMILIES, openFamily } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';
import { buildGradient, CLASSES, IMAGE, NETWORKS, rowsOf } from './networks.ts';

const OWNERS = [2, 0, 2, 2, 1, 2];

describe.each(FAMILIES)('with %s kernels', (family) => {
  it.each(Object.keys(NETWORKS))('%s', async (name) => {
    const executor = await openFamily(family);
    const image = randomTensor([3, ...IMAGE], 1);
    const cotangent = randomTensor([OWNERS.length, CLASSES], 2);
    const owner = intTensor([OWNERS.length], OWNERS);
    const folded = buildGradient(name, { folded: true, parameters: false }).graph;
    const single = buildGradient(name, { folded: false, parameters: false }).graph;
    const inputs = { image, cotangent, owner };
    const came = await expectAsInterpreted(executor, folded, inputs, { spare: 2, tolerance: 1e-5 });
    const together = came['d image']!.data;
    const size = together.length / OWNERS.length;
    for (const [pair, row] of OWNERS.entries()) {
      const alone = await runGraph(executor, single, {
        image: rowsOf(image, [row]),
        cotangent: rowsOf(cotangent, [pair]),
      });
      expect([...together.slice(pair * size, (pair + 1) * size)], `pair ${pair}`).toEqual([
        ...alone['d image']!.data,
      ]);
    }
  });

  it.each(Object.keys(NETWORKS))('%s, by its parameters', async (name) => {
    const { graph, weights } = buildGradient(name, { folded: false, parameters: true });
    const inputs = {
      image: randomTensor([3, ...IMAGE], 3),
      cotangent: randomTensor([3, CLASSES], 4),
      ...weights,
    };
    const options = { spare: 2, tolerance: 2e-5 };
    await expectAsInterpreted(await openFamily(family), graph, inputs, options);
  });
});
