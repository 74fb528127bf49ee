// Tuning on the device: variants are chosen by the table, compute the same, and never depend on the batch.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { KernelCompileError } from '../../src-ts/core/errors.ts';
import { DEFAULT_TABLE, nameTable } from '../../src-ts/executor/tuning.ts';
import { openWebGpu, type WebGpuExecutor } from '../../src-ts/executor/webgpu/index.ts';
import { tuneGraph, type TunedClass } from '../../src-ts/executor/webgpu/tuner.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { Choice } from '../../src-ts/kernels/kernel.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { FAMILIES } from '../reference/on-device.ts';
import { seededRandom } from '../reference/random.ts';
import { during, refusePipelines } from './faults.ts';

const CHANNELS = 24;
const SIDE = 10;

const random = seededRandom(7);
const noise = (...shape: readonly number[]): Tensor =>
  floatTensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() - 0.5),
  );

/** A convolution of 3 × 3, one of 1 × 1, and a product of images by weights. */
function smallNet(): Graph {
  const builder = new GraphBuilder();
  const image = builder.input('image', {
    dtype: 'float32',
    shape: [batchDim('N'), 8, SIDE, SIDE],
  });
  const plain = { strides: [1, 1], dilations: [1, 1], groups: 1, outputSize: [SIDE, SIDE] };
  const wide = builder.emit(
    'conv',
    { x: image, w: builder.constant(noise(CHANNELS, 8, 3, 3)) },
    { ...plain, kernel: [3, 3], padsBegin: [1, 1] },
  );
  const narrow = builder.emit(
    'conv',
    { x: wide, w: builder.constant(noise(40, CHANNELS, 1, 1)) },
    { ...plain, kernel: [1, 1], padsBegin: [0, 0] },
  );
  const flat = builder.emit('reshape', { x: narrow }, { shape: [batchDim('N'), 40 * SIDE * SIDE] });
  const w = builder.constant(noise(40 * SIDE * SIDE, 52));
  const y = builder.emit('matmul', { a: flat, b: w }, { transposeA: false, transposeB: false });
  builder.output('y', y);
  return builder.finish();
}

const NET = smallNet();
const IMAGES = noise(3, 8, SIDE, SIDE);

async function run(executor: WebGpuExecutor, images: number, capacity: number): Promise<number[]> {
  const program = await executor.compile(NET, { capacity: { N: capacity } });
  const rows = IMAGES.data.subarray(0, (images * IMAGES.data.length) / 3);
  program.write('image', floatTensor([images, 8, SIDE, SIDE], rows));
  program.setExtent('N', images);
  program.run();
  const { y } = await program.read(['y'], { start: 0, end: images });
  program.dispose();
  return Array.from(y!.data);
}

const choices = (executor: WebGpuExecutor, capacity = 3): Choice[] =>
  executor.choicesOf(NET, { N: capacity }).filter((choice) => choice !== undefined);

/** A table that takes, for each class, the last variant that is not the rule's. */
function otherwise(executor: WebGpuExecutor): Record<string, string> {
  return Object.fromEntries(
    choices(executor).map(({ class: name, variant, variants }) => [
      name,
      variants.filter((each) => each !== variant).at(-1)!,
    ]),
  );
}

describe.each(FAMILIES)('the %s kernels', (family) => {
  let executor: WebGpuExecutor;

  const open = (onNote?: (note: string) => void): Promise<WebGpuExecutor> =>
    openWebGpu({
      ...(family === 'tiled' && { traits: { subgroupLanes: null } }),
      ...(onNote !== undefined && { onNote }),
    });

  beforeAll(async () => {
    executor = await open();
  });

  afterAll(() => {
    executor.dispose();
  });

  it('are chosen by the table, and compute the same', async () => {
    const entries = otherwise(executor);
    const tuned = executor.withTuning({ name: 'tuned', entries });
    expect(Object.keys(entries)).toHaveLength(3);
    for (const { class: name, variant } of choices(tuned)) expect(variant).toBe(entries[name]);
    const [expected, came] = [await run(executor, 3, 3), await run(tuned, 3, 3)];
    const largest = Math.max(...expected.map(Math.abs));
    for (const [i, value] of came.entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * largest);
    }
  });

  it('give an image the same bits by the same table, whatever the batch', async () => {
    const table = { name: 'tuned', entries: otherwise(executor) };
    const tuned = executor.withTuning(table);
    expect(choices(tuned, 64)).toEqual(choices(tuned, 1));
    const all = await run(tuned, 3, 3);
    expect(await run(executor.withTuning(table), 3, 40)).toEqual(all);
    expect(await run(tuned, 1, 1)).toEqual(all.slice(0, all.length / 3));
  });

  it('stay with the rule where the table names what does not fit, and say so', async () => {
    const notes: string[] = [];
    const own = await open((note) => notes.push(note));
    const [first] = choices(executor);
    const tuned = own.withTuning({ name: 'tuned', entries: { [first!.class]: 'lines 4000x8' } });
    expect(choices(tuned)).toEqual(choices(executor));
    expect(await run(tuned, 3, 3)).toEqual(await run(executor, 3, 3));
    await run(tuned, 1, 1);
    expect(notes).toEqual([
      expect.stringMatching(
        `^tuning "tuned [0-9a-f]{8}": "${first!.class}" has no variant "lines 4000x8" here; the default, "${first!.variant}", is used$`,
      ),
    ]);
    expect(tuned.notes).toEqual(notes);
    own.dispose();
  });

  it('fall back where the device refuses a variant of the table, and say so', async () => {
    const table = { name: 'tuned', entries: otherwise(executor) };
    const usual = new Set<string>();
    const watch = refusePipelines((label) => {
      usual.add(label);
      return false;
    });
    const plain = await open();
    const expected = await during([watch], () => run(plain, 3, 3));
    plain.dispose();
    const own = await open();
    await during([refusePipelines((label) => !usual.has(label))], async () => {
      await expect(run(own.withTuning(table), 3, 3)).rejects.toThrow(KernelCompileError);
      const lenient = own.withTuning(table, DEFAULT_TABLE);
      expect(lenient.tuning).toMatch(/^tuned /);
      expect(await run(lenient, 3, 3)).toEqual(expected);
      expect(lenient.tuning).toBe(nameTable(DEFAULT_TABLE));
      expect(lenient.notes).toHaveLength(1);
      expect(lenient.notes[0]).toMatch(
        /the device refuses it: workgroup too large; tuning "default [0-9a-f]{8}" is used from here on, not "tuned [0-9a-f]{8}"$/,
      );
    });
    own.dispose();
  });

  it('lose the race where the device refuses them', async () => {
    const own = await open();
    const rules = new Set<string>();
    const watch = refusePipelines((label) => {
      rules.add(label);
      return false;
    });
    await during([watch], () => run(own, 3, 3));
    const outcome = await during([refusePipelines((label) => !rules.has(label))], () =>
      tuneGraph(own, NET, { N: 3 }),
    );
    expect(outcome.tuned.flatMap(({ refused }) => refused)).not.toEqual([]);
    for (const { rule, winner, wrong, refused } of outcome.tuned) {
      expect(wrong).toEqual([]);
      expect(refused).not.toContain(rule);
      expect(refused).not.toContain(winner);
    }
    own.dispose();
  });

  it('are not raced for longer than is given, those with the most work first', async () => {
    const { tuned, left } = await tuneGraph(executor, NET, { N: 2 }, { seconds: 1e-3 });
    expect(tuned.map((each) => each.class)).toEqual(['gemm 0 6 12']);
    expect(left).toHaveLength(2);
  });

  it('are raced class by class, and none of them is wrong', async () => {
    const heard: TunedClass[] = [];
    const onClass = (each: TunedClass): number => heard.push(each);
    const { tuned, left } = await tuneGraph(executor, NET, { N: 2 }, { onClass });
    expect(heard).toEqual(tuned);
    expect(left).toEqual([]);
    const known = new Map(choices(executor).map((choice) => [choice.class, choice]));
    expect(tuned.map((each) => each.class).sort()).toEqual([...known.keys()].sort());
    for (const { class: name, rule, winner, gain, wrong, refused, nodes } of tuned) {
      expect({ wrong, refused, nodes, rule }).toEqual({
        wrong: [],
        refused: [],
        nodes: 1,
        rule: known.get(name)!.variant,
      });
      expect(known.get(name)!.variants).toContain(winner);
      expect(gain).toBeGreaterThanOrEqual(1);
    }
  });
});
