// Our engine in the kernel bench, through the interface that attacks use: a program of one op.
import type { Executor } from '../../src-ts/executor/executor.ts';
import type { KernelEngine } from './engine.ts';
import { oneOpGraph, operandOf } from './graph.ts';

export function ourEngine(executor: Executor, name = 'deepfool-webgpu'): KernelEngine {
  return {
    name,
    prepare: async (each) => {
      const program = await executor.compile(oneOpGraph(each), { capacity: {} });
      program.write('x', operandOf(each));
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
