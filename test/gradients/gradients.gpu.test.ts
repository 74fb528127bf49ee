// The gradient of every op on the device: as plain loops have it, and pairs folded into a batch to the
// bit as single ones. Few cases of each, since every new pattern of indices is a pipeline to compile.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBatch } from '../../src-ts/core/shape.ts';
import { typeOf } from '../../src-ts/graph/graph.ts';
import type { OpKind } from '../../src-ts/graph/op-set.ts';
import { expectAsInterpreted, runGraph } from '../executor/run-graph.ts';
import { FAMILIES, openFamily, type Family } from '../reference/on-device.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { Draw, drawOwners } from './draw.ts';
import {
  blockOf,
  canFold,
  describeCase,
  forwardGraph,
  gradientGraph,
  imagesOf,
  pairsOf,
  wrtOf,
  type OpCase,
} from './op-case.ts';
import { DIFFERENTIABLE, generatorOf } from './table.ts';

const SEED = 20260101;
const TOLERANCE = 2e-5; // of the largest value

/** The ops whose kernels are not the same in both families, or whose gradients use such ops. */
const DIFFERING: readonly OpKind[] = ['matmul', 'conv', 'conv_input_grad', 'conv_weight_grad'];

const PLANS: readonly (readonly [Family, readonly OpKind[], number])[] = [
  ['subgroup', DIFFERENTIABLE, 2],
  ['tiled', DIFFERING, 2],
];

it('holds all families of kernels to the reference', () => {
  expect(PLANS.map(([family]) => family)).toEqual([...FAMILIES]);
});

describe.each(PLANS)('with %s kernels', (family, kinds, numRuns) => {
  it.each(kinds)('%s', async (kind) => {
    const generator = generatorOf(kind)!;
    const property = fc.asyncProperty(fc.gen(), async (source) => {
      const draw = new Draw(source, { spatialAxes: 2 });
      const each = generator(draw);
      if (canFold(kind, each))
        await checkFolded(family, kind, each, drawOwners(draw, imagesOf(each)));
      else await checkFixed(family, kind, each);
    });
    await fc.assert(property, { seed: SEED, numRuns, endOnFailure: true });
  });
});

async function checkFixed(family: Family, kind: OpKind, each: OpCase<OpKind>): Promise<void> {
  const { shape } = interpret(forwardGraph(kind, each), each.inputs)['y']!;
  const inputs = { ...each.inputs, cotangent: randomTensor(shape, 99) };
  const graph = gradientGraph(kind, each, 'fixed');
  await named(describeCase(kind, each), async () => {
    await expectAsInterpreted(await openFamily(family), graph, inputs, { tolerance: TOLERANCE });
  });
}

/** Images whose batch leads everywhere get room for more than there are. */
async function checkFolded(
  family: Family,
  kind: OpKind,
  each: OpCase<OpKind>,
  owners: readonly number[],
): Promise<void> {
  const executor = await openFamily(family);
  const folded = gradientGraph(kind, each, 'folded');
  const single = gradientGraph(kind, each, 'batched');
  const { together, alone } = pairsOf(kind, each, owners);
  const leads = folded.inputs.every(
    ({ id }) => (findBatch(typeOf(folded, id).shape)?.axis ?? 0) === 0,
  );
  const spare = leads ? 1 : 0;
  const told = `${describeCase(kind, each)} for images ${owners.join(', ')}`;
  await named(told, async () => {
    const options = { spare, tolerance: TOLERANCE };
    const came = await expectAsInterpreted(executor, folded, together, options);
    for (const [pair, inputs] of alone.entries()) {
      const gradients = await runGraph(executor, single, inputs);
      for (const name of wrtOf(each)) {
        if (!each.batched.includes(name)) continue;
        const block = blockOf(came[`d ${name}`]!, 0, pair, 1);
        const bits = [...gradients[`d ${name}`]!.data];
        expect([...block.data], `d ${name}, pair ${pair}`).toEqual(bits);
      }
    }
  });
}

/** Says of what case a failure is. */
async function named(what: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (error instanceof Error) error.message = `${what}\n${error.message}`;
    throw error;
  }
}
