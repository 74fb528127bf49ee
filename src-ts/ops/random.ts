// Random numbers by seed and place (core/random.ts). The seed is a value of the graph, so that a step may
// be given another one in each run; the salt tells the random values of one graph apart.
import { elementCount } from '../core/shape.ts';
import { uniformAt } from '../core/random.ts';
import { allocate, tensor } from '../core/tensor.ts';
import { callKernel, defineKernel } from '../kernels/kernel.ts';
import { costOf, workOverElements } from './lowering.ts';
import type { OpDef, OpFamily } from './op-def.ts';
import { refuse } from './refusal.ts';

const uniformKernel = defineKernel({
  file: 'random/random_uniform.wgsl',
  constants: [],
  slots: [],
  buffers: ['seed', 'y'],
  params: ['unit', 'salt'],
});

const OPERATIONS = 80; // a number, of whole numbers: four in each of 20 rounds

const randomUniform: OpDef<'random_uniform'> = {
  infer: ({ seed }, { shape }, label) => {
    const isOne = seed.dtype === 'int32' && seed.shape.length === 1 && seed.shape[0] === 1;
    if (!isOne) refuse('random_uniform', label, 'the seed must be one int32', { seed });
    return { dtype: 'float32', shape };
  },
  vjp: 'not differentiable',
  evaluate: ({ seed }, { salt }, { shape }) => {
    const size = shape();
    const data = allocate('float32', elementCount(size), true);
    for (let i = 0; i < data.length; i++) data[i] = uniformAt([seed.data[0]!, salt], i);
    return tensor('float32', size, data);
  },
  lower: ({ node, inputs: { seed }, output }) => {
    const work = workOverElements(output, 64);
    return [
      callKernel(uniformKernel, {
        buffers: { seed: seed.buffer, y: output.buffer },
        params: { unit: work.unit, salt: node.attrs.salt },
        work,
        cost: costOf(OPERATIONS, output, [output]),
      }),
    ];
  },
};

export const randomOps: OpFamily<'random_uniform'> = { random_uniform: randomUniform };
