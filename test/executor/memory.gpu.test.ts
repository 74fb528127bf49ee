// A thousand batches leave memory as they found it: every buffer that is made on the way is freed.
import { expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { randomTensor } from '../reference/random.ts';
import { residentBytes, watchBuffers } from './watched-memory.ts';

const BATCHES = 1000;
const WINDOWS = 4; // a leak shows in each; heaps, pools and caches stop growing sooner or later
const SIZE = 4096;

it('buffers and resident memory stay as they are', async () => {
  const { live, stop } = await watchBuffers();
  const executor = await openWebGpu();
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [batchDim('N'), SIZE] });
  b.output('next', b.emit('softmax', { x }, { axis: 1 }));
  const options = { capacity: { N: 4 }, state: { x: 'next' } };
  const program = await executor.compile(b.finish(), options);
  program.setExtent('N', 4);
  const value = randomTensor([4, SIZE], 1);
  const batch = async (): Promise<void> => {
    program.write('x', value);
    program.run();
    await program.read(['x']);
  };
  const growths: number[] = [];
  for (let k = 0; k < BATCHES; k++) await batch();
  const buffers = live();
  for (let window = 0; window < WINDOWS; window++) {
    const before = await residentBytes();
    for (let k = 0; k < BATCHES; k++) await batch();
    growths.push((await residentBytes()) - before);
  }
  expect(live()).toEqual(buffers);
  expect(Math.min(...growths), `grew by ${growths.join(', ')}`).toBeLessThan(10e6);
  program.dispose();
  expect(live().count).toBe(0);
  executor.dispose();
  stop();
});
