// Our engine in the kernel bench, through the interface that attacks use: a program of one op.
import type { TensorType } from '../../src-ts/core/shape.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import type { ConvCase, KernelCase, MatmulCase } from './cases.ts';
import type { KernelEngine } from './engine.ts';

export function ourEngine(executor: Executor): KernelEngine {
  return {
    name: 'deepfool-webgpu',
    prepare: async (each) => {
      const program = await executor.compile(oneOpGraph(each), { capacity: {} });
      program.write('x', each.op === 'matmul' ? each.a : each.x);
      return {
        run: async (times) => {
          program.run({ times });
          await program.read(['y'], { start: 0, end: 1 }); // the way to wait that programs have
        },
        output: async () => {
          program.run();
          return (await program.read(['y']))['y']!.data;
        },
        dispose: () => {
          program.dispose();
        },
      };
    },
  };
}

function oneOpGraph(each: KernelCase): Graph {
  const builder = new GraphBuilder();
  const y = each.op === 'matmul' ? emitProduct(builder, each) : emitConv(builder, each);
  builder.output('y', y);
  return builder.finish();
}

function emitProduct(builder: GraphBuilder, { a, b }: MatmulCase): ValueId {
  const inputs = { a: builder.input('x', typeOfTensor(a)), b: builder.constant(b) };
  return builder.emit('matmul', inputs, { transposeA: false, transposeB: false });
}

function emitConv(builder: GraphBuilder, { x, w }: ConvCase): ValueId {
  const kernel = w.shape.slice(2);
  const inputs = { x: builder.input('x', typeOfTensor(x)), w: builder.constant(w) };
  return builder.emit('conv', inputs, {
    kernel,
    strides: [1, 1],
    dilations: [1, 1],
    padsBegin: kernel.map((size) => (size - 1) / 2),
    outputSize: x.shape.slice(2),
    groups: 1,
  });
}

const typeOfTensor = ({ dtype, shape }: Tensor): TensorType => ({ dtype, shape });
