// Programs on the device: loops over state, live counts, rows written and read, refusals.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DeviceError,
  DeviceLimitError,
  InternalError,
  KernelCompileError,
} from '../../src-ts/core/errors.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { WebGpuDevice } from '../../src-ts/executor/webgpu/device.ts';
import { listAdapters, openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { PipelineCache } from '../../src-ts/executor/webgpu/pipelines.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { callKernel } from '../../src-ts/kernels/kernel.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { buildGradient, CLASSES, IMAGE } from '../autodiff/networks.ts';
import { randomTensor } from '../reference/random.ts';

const N = batchDim('N');
let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

const at = (limit: number): Tensor => intTensor([1], [limit]);

/** Counters run up to 5; those that are there leave the list of the active. */
function countdown(): Graph {
  const b = new GraphBuilder();
  const active = b.input('active', { dtype: 'int32', shape: [N] });
  const counters = b.input('counters', { dtype: 'int32', shape: [batchDim('S')] });
  const seen = b.emit('rows', { x: counters, index: active }, { axis: 0 });
  const next = b.emit('add', { a: seen, b: b.constant(at(1)) }, {});
  b.output('next counters', b.emit('update_rows', { x: counters, index: active, rows: next }, {}));
  const keep = b.emit('less', { a: next, b: b.constant(at(5)) }, {});
  b.output('next active', b.emit('compact', { values: active, keep }, { symbol: 'M' }));
  return b.finish();
}
const STATE = { active: 'next active', counters: 'next counters' };

describe('a loop over state', () => {
  it.each([
    ['all at once', [5]],
    ['one by one, bounded by what is known to be live', [1, 1, 1, 1, 1]],
  ])('%s', async (_, runs) => {
    const capacity = { N: 70, S: 70, M: 70 };
    const program = await executor.compile(countdown(), { capacity, state: STATE });
    const start = Array.from({ length: 70 }, (_v, i) => i % 5);
    program.write('counters', intTensor([70], start));
    program.write('active', intTensor([70], [...start.keys()]));
    program.setExtent('N', 70);
    let live = 70;
    for (const times of runs) {
      program.run({ times, bounds: { N: live, M: live } });
      live = (await program.readExtents(['N']))['N']!;
    }
    expect(live).toBe(0);
    const { counters } = await program.read(['counters']);
    expect([...counters!.data]).toEqual(start.map(() => 5));
    program.dispose();
  });

  it('runs that nothing is live for change nothing', async () => {
    const capacity = { N: 3, S: 3, M: 3 };
    const program = await executor.compile(countdown(), { capacity, state: STATE });
    program.write('counters', intTensor([3], [1, 2, 3]));
    program.write('active', intTensor([3], [2, 1, 0]));
    program.setExtent('N', 1);
    program.run({ times: 10 });
    const { counters } = await program.read(['counters']);
    expect([...counters!.data]).toEqual([1, 2, 5]);
    program.dispose();
  });
});

describe('capacity and bounds', () => {
  const { graph } = buildGradient('convolution', { folded: false, parameters: false });
  const image = randomTensor([6, ...IMAGE], 1);
  const cotangent = randomTensor([6, CLASSES], 2);
  const rows = (x: Tensor, start: number, end: number): Tensor => {
    const width = x.data.length / 6;
    const data = x.data.slice(start * width, end * width);
    return { ...x, shape: [end - start, ...x.shape.slice(1)], data };
  };

  it('give a row the same bits whatever they are', async () => {
    const results: number[][] = [];
    for (const [capacity, bound] of [
      [1, 1],
      [7, 6],
      [32, 32],
      [32, 6],
    ] as const) {
      const program = await executor.compile(graph, { capacity: { N: capacity } });
      const parts: number[] = [];
      for (let start = 0; start < 6; start += capacity) {
        const end = Math.min(6, start + capacity);
        program.write('image', rows(image, start, end));
        program.write('cotangent', rows(cotangent, start, end));
        program.setExtent('N', end - start);
        program.run({ bounds: { N: bound } });
        const read = await program.read(['d image'], { start: 0, end: end - start });
        parts.push(...read['d image']!.data);
      }
      results.push(parts);
      program.dispose();
    }
    expect(results[0]).toHaveLength(6 * 32);
    for (const others of results.slice(1)) expect(others).toEqual(results[0]);
  });
});

describe('rows', () => {
  const doubled = (): Graph => {
    const b = new GraphBuilder();
    const x = b.input('x', { dtype: 'float32', shape: [N, 2] });
    b.output('y', b.emit('add', { a: x, b: x }, {}));
    return b.finish();
  };

  it('are written where they are told to, and read from there', async () => {
    const program = await executor.compile(doubled(), { capacity: { N: 4 } });
    program.setExtent('N', 4);
    program.write('x', floatTensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    program.write('x', floatTensor([1, 2], [30, 40]), 1);
    program.run();
    const { x, y } = await program.read(['x', 'y'], { start: 1, end: 3 });
    expect(x).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(30, 40, 5, 6) });
    expect(y).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(60, 80, 10, 12) });
    const all = await program.read(['y']);
    expect(all['y']!.shape).toEqual([4, 2]);
    expect(program.byteLength).toBeGreaterThanOrEqual(64);
    program.dispose();
  });

  it('beyond the live count keep what they had', async () => {
    const program = await executor.compile(doubled(), { capacity: { N: 4 } });
    program.setExtent('N', 4);
    program.write('x', floatTensor([4, 2], [1, 1, 1, 1, 1, 1, 1, 1]));
    program.run();
    program.setExtent('N', 2);
    program.write('x', floatTensor([4, 2], [9, 9, 9, 9, 9, 9, 9, 9]));
    program.run();
    const { y } = await program.read(['y']);
    expect([...y!.data]).toEqual([18, 18, 18, 18, 2, 2, 2, 2]);
    program.dispose();
  });

  it('of names the program does not have are refused', async () => {
    const program = await executor.compile(doubled(), { capacity: { N: 1 } });
    const x = floatTensor([1, 2], [1, 2]);
    expect(() => {
      program.write('z', x);
    }).toThrow(InternalError);
    expect(() => {
      program.setExtent('M', 1);
    }).toThrow(/no symbol "M"/);
    await expect(program.read(['z'])).rejects.toThrow(/no value "z"/);
    program.dispose();
  });

  it('constants and inputs can be outputs', async () => {
    const b = new GraphBuilder();
    b.output('same', b.input('x', { dtype: 'float32', shape: [2] }));
    b.output('fixed', b.constant(floatTensor([2], [3, 4])));
    const program = await executor.compile(b.finish(), { capacity: {} });
    program.write('x', floatTensor([2], [1, 2]));
    program.run();
    const { same, fixed } = await program.read(['same', 'fixed']);
    expect([[...same!.data], [...fixed!.data]]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    program.dispose();
  });
});

describe('refusals', () => {
  it('a buffer larger than the device binds', async () => {
    const b = new GraphBuilder();
    b.output('y', b.emit('neg', { x: b.input('x', { dtype: 'float32', shape: [N, 1024] }) }, {}));
    const capacity = { N: 2 ** 22 }; // 16 GiB
    const need = executor.memory(b.finish(), { capacity });
    expect(need.largestBuffer).toBe(2 ** 34);
    expect(need.bufferLimit).toBeLessThan(2 ** 34);
    const act = executor.compile(b.finish(), { capacity });
    await expect(act).rejects.toThrow(DeviceLimitError);
    await expect(act).rejects.toMatchObject({ asked: 2 ** 34, available: need.bufferLimit });
    await expect(act).rejects.toThrow(/Use a smaller --batch/);
  });

  it('a kernel that does not compile, with its line; the device goes on', async () => {
    const device = await WebGpuDevice.open();
    const kernel = {
      file: 'movement/copy.wgsl',
      constants: [],
      slots: ['source'],
      buffers: [],
      params: [],
    } as const;
    const work = { unit: 1, batch: null, perGroup: 64 };
    const cost = { flops: 0, over: [], moved: [] };
    const broken = callKernel(kernel, {
      slots: { source: 'i + 1.5f' },
      buffers: {},
      params: {},
      work,
      cost,
    });
    const cache = new PipelineCache(device);
    const act = cache.get(broken);
    await expect(act).rejects.toThrow(KernelCompileError);
    await expect(act).rejects.toThrow(/copy \(movement\/copy\.wgsl\), line \d+: [^]*i \+ 1\.5f/);
    const whole = callKernel(kernel, { buffers: {}, params: {}, work, cost });
    await expect(cache.get(whole)).resolves.toHaveProperty('pipeline');
    expect(cache.get(whole)).toBe(cache.get(whole));
    device.dispose();
  });

  it('work on a device that has been closed', async () => {
    const closed = await openWebGpu();
    closed.dispose();
    const b = new GraphBuilder();
    const x = b.input('x', { dtype: 'float32', shape: [4] });
    b.output('y', b.emit('neg', { x }, {}));
    const act = closed.compile(b.finish(), { capacity: {} });
    await expect(act).rejects.toThrow(/has been closed/);
  });

  it('a device of no such name, telling those found', async () => {
    const found = await listAdapters();
    expect(found.length).toBeGreaterThan(0);
    const act = openWebGpu({ name: 'Voodoo 2' });
    await expect(act).rejects.toThrow(DeviceError);
    await expect(act).rejects.toThrow(
      `device "Voodoo 2": no such adapter; found "${found[0]!.name}"`,
    );
  });
});

describe('devices', () => {
  it('open by their whole name, and by part of it in any spelling', async () => {
    const [first] = await listAdapters();
    const words = first!.name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
    for (const name of [first!.name, words[0]!.toUpperCase(), words.slice(0, 3).join(' ')]) {
      const named = await openWebGpu({ name });
      expect(named.info.name, name).toBe(first!.name);
      named.dispose();
    }
  });

  it('live on when another is disposed of', async () => {
    const other = await openWebGpu();
    const b = new GraphBuilder();
    b.output('y', b.emit('neg', { x: b.input('x', { dtype: 'float32', shape: [1] }) }, {}));
    const program = await other.compile(b.finish(), { capacity: {} });
    program.dispose();
    other.dispose();
    const still = await executor.compile(b.finish(), { capacity: {} });
    still.write('x', floatTensor([1], [2]));
    still.run();
    expect([...(await still.read(['y']))['y']!.data]).toEqual([-2]);
    still.dispose();
  });
});
