// A DeepFool step in which no image of the batch drops out: without `state`, a run leaves its inputs
// alone, and all slots stay `new`, whose first visit is a step like any other.
import { resolveOptions, type DeepFoolOptions } from '../src-ts/attack/options.ts';
import { buildStepGraph, SYMBOLS } from '../src-ts/attack/step.ts';
import { floatTensor } from '../src-ts/core/tensor.ts';
import type { Executor } from '../src-ts/executor/executor.ts';
import type { ImportedModel } from '../src-ts/onnx/import-onnx.ts';

export interface FullStep {
  /** Uploads images, at most as many as the batch holds; the other slots keep theirs. */
  readonly write: (images: readonly Float32Array[]) => void;
  /** Steps over the whole batch, one after the other, and waits for the last. */
  readonly run: (times: number) => Promise<void>;
  readonly dispose: () => void;
}

export async function compileFullStep(
  executor: Executor,
  { graph, classes, inputShape }: ImportedModel,
  options: DeepFoolOptions,
  batch: number,
): Promise<FullStep> {
  const { channels, height, width } = inputShape;
  const step = buildStepGraph(graph, resolveOptions(options, { classes, channels }));
  const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, batch]));
  const program = await executor.compile(step.graph, { capacity });
  program.setExtent(SYMBOLS.slots, batch);
  const steps = step.state['steps']!;
  return {
    write: (images) => {
      images.forEach((pixels, slot) => {
        program.write('x0', floatTensor([1, channels, height, width], pixels), slot);
      });
    },
    run: async (times) => {
      program.run({ times });
      await program.read([steps], { start: 0, end: 1 });
    },
    dispose: () => {
      program.dispose();
    },
  };
}
