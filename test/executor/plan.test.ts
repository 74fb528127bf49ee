// What a graph becomes: which nodes share a kernel, what runs once, what shares storage. Pure: read the
// compiler's output, as a reviewer would.
import { describe, expect, it } from 'vitest';
import { batchDim, type Shape } from '../../src-ts/core/shape.ts';
import { planGraph, type Plan, type PlanOptions } from '../../src-ts/executor/webgpu/plan.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { formatCallName } from '../../src-ts/kernels/kernel.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { randomTensor } from '../reference/random.ts';

const N = batchDim('N');
const P = batchDim('P');

class Sketch extends GraphBuilder {
  readonly float = (name: string, ...shape: Shape): ValueId =>
    this.input(name, { dtype: 'float32', shape });

  readonly index = (name: string, ...shape: Shape): ValueId =>
    this.input(name, { dtype: 'int32', shape });

  plan(options: Partial<PlanOptions> = {}): Plan {
    const rest = { capacity: { N: 4, P: 8 }, traits: { subgroupLanes: null } };
    return planGraph(pruneGraph(this.finish()), { ...rest, ...options });
  }
}

/** Kernels by name, without constants. */
const kernels = (calls: Plan['calls']): string[] =>
  calls.map(({ call }) => formatCallName(call).replace(/<.*/, ''));

/** What the pointwise kernel computes from its operands. */
const expressions = (plan: Plan): string[] =>
  plan.calls.flatMap(({ call }) => call.slots['apply'] ?? []);

const geometry = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padsBegin: [1, 1] };
const conv = { ...geometry, outputSize: [8, 8], groups: 1 };

describe('fusion', () => {
  it('a convolution takes its bias and the ReLU that follows', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    const bias = b.constant(randomTensor([6], 2));
    const y = b.emit('conv', { x: b.float('x', N, 3, 8, 8), w, bias }, conv, 'conv1');
    b.output('y', b.emit('relu', { x: y }, {}, 'relu1'));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['conv_tiled']);
    expect(plan.calls[0]!.label).toBe('conv1');
    expect(plan.calls[0]!.call.slots['epilogue']).toBe('select(v, f32(0.0), v < f32(0.0))');
  });

  it('a gradient takes the mask and the residual that follow, seen through a table', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    const features = b.float('features', N, 3, 8, 8);
    const index = b.index('index', P);
    const seen = b.emit('rows', { x: features, index }, { axis: 0 });
    const attrs = { ...conv, inputSize: [8, 8] };
    const dx = b.emit('conv_input_grad', { dy: b.float('dy', P, 6, 8, 8), w }, attrs);
    const skip = b.float('skip', P, 3, 8, 8);
    const sum = b.emit('add', { a: skip, b: dx }, {});
    b.output('y', b.emit('mul', { a: sum, b: b.emit('step', { x: seen }, {}) }, {}));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['conv_tiled']);
    const { slots, buffers } = plan.calls[0]!.call;
    expect(slots['epilogue']).toBe('((e0 + v) * select(f32(0.0), f32(1.0), e1 > f32(0.0)))');
    expect(slots).toMatchObject({ load_e0: 'extra0[i]', load_e1: 'extra1[i + shift]' });
    expect(buffers).toMatchObject({
      extra0: { of: 'value', id: skip },
      extra1: { of: 'value', id: features },
      extra_table: { of: 'value', id: index },
    });
  });

  it('of two convolutions that are added, one takes the other as its addend', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    const x = b.float('x', N, 3, 8, 8);
    const [first, second] = [0, 1].map(() => b.emit('conv', { x, w }, conv));
    b.output('y', b.emit('add', { a: first!, b: second! }, {}));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['conv_tiled', 'conv_tiled']);
    expect(plan.calls[1]!.call.buffers['extra0']).toEqual({ of: 'value', id: first });
  });

  it('an operand of another shape, or a second table, keeps a pointwise call of its own', () => {
    const b = new Sketch();
    const product = (): ValueId => {
      const [a, c] = [b.float('a', P, 4), b.constant(randomTensor([4, 8], 1))];
      return b.emit('matmul', { a, b: c }, { transposeA: false, transposeB: false });
    };
    b.output('broadcast', b.emit('add', { a: product(), b: b.float('bias', 8) }, {}));
    const rows = ['i', 'j'].map((name) =>
      b.emit('rows', { x: b.float(`x${name}`, N, 8), index: b.index(name, P) }, { axis: 0 }),
    );
    const both = b.emit('mul', { a: rows[0]!, b: rows[1]! }, {});
    b.output('tables', b.emit('mul', { a: product(), b: both }, {}));
    expect(kernels(b.plan().calls).filter((name) => name.startsWith('pointwise'))).toHaveLength(2);
  });

  it('a value that is read twice is no epilogue', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    const y = b.emit('conv', { x: b.float('x', N, 3, 8, 8), w }, conv);
    b.output('pre', y);
    b.output('post', b.emit('relu', { x: y }, {}));
    expect(kernels(b.plan().calls)).toEqual(['conv_tiled', 'pointwise_vec4']);
  });

  it('a tree of pointwise nodes is one call', () => {
    const b = new Sketch();
    const x = b.float('x', N, 8);
    const scaled = b.emit('mul', { a: x, b: b.scalar(0.5) }, {});
    const sum = b.emit('add', { a: scaled, b: b.float('bias', 8) }, {});
    b.output('y', b.emit('tanh', { x: b.emit('neg', { x: sum }, {}) }, {}));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4']);
    expect(expressions(plan)[0]).toContain('(-((bitcast<F>(a) * F(0.5)) + bitcast<F>(b)))');
  });

  it('a tree ends where five operands would meet', () => {
    const b = new Sketch();
    const [first, ...others] = ['p', 'q', 'r', 's', 't'].map((name) => b.float(name, N, 8));
    b.output(
      'y',
      others.reduce((sum, id) => b.emit('add', { a: sum, b: id }, {}), first!),
    );
    expect(kernels(b.plan().calls)).toEqual(['pointwise_vec4', 'pointwise_vec4']);
  });

  it('rows that four does not divide go one by one', () => {
    const b = new Sketch();
    b.output('y', b.emit('relu', { x: b.float('x', N, 7) }, {}));
    expect(kernels(b.plan().calls)).toEqual(['pointwise']);
  });
});

describe('what costs no call', () => {
  it('a reshape is another name for the same storage', () => {
    const b = new Sketch();
    const x = b.float('x', N, 2, 4);
    const flat = b.emit('reshape', { x }, { shape: [N, 8] });
    const y = b.emit('relu', { x: flat }, {});
    b.output('y', b.emit('reshape', { x: y }, { shape: [N, 4, 2] }));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4']);
    expect(plan.rootOf(flat)).toBe(x);
  });

  it('rows are read through their table', () => {
    const b = new Sketch();
    const x = b.float('x', N, 8);
    const index = b.index('index', P);
    const seen = b.emit('rows', { x, index }, { axis: 0 });
    b.output('y', b.emit('mul', { a: seen, b: b.float('dy', P, 8) }, {}));
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4']);
    expect(plan.calls[0]!.call.buffers).toMatchObject({
      a: { of: 'value', id: x },
      table0: { of: 'value', id: index },
    });
  });

  it('rows that somebody needs as a buffer are copied', () => {
    const b = new Sketch();
    const seen = b.emit('rows', { x: b.float('x', N, 8), index: b.index('index', P) }, { axis: 0 });
    b.output('turned', b.emit('transpose', { x: seen }, { perm: [1, 0] }));
    expect(kernels(b.plan().calls)).toEqual(['copy', 'copy']);
  });

  it('rows behind a third table are copied, since a kernel reads through two', () => {
    const b = new Sketch();
    const [condition, left, right] = ['i', 'j', 'k'].map((name) =>
      b.emit('rows', { x: b.float(`x${name}`, N, 8), index: b.index(name, P) }, { axis: 0 }),
    );
    const holds = b.emit('cast', { x: condition! }, { to: 'bool' });
    b.output('y', b.emit('where', { condition: holds, a: left!, b: right! }, {}));
    b.output(
      'z',
      b.emit(
        'where',
        {
          condition: b.emit(
            'rows',
            {
              x: b.emit('cast', { x: b.float('xl', N, 8) }, { to: 'bool' }),
              index: b.index('l', P),
            },
            { axis: 0 },
          ),
          a: left!,
          b: right!,
        },
        {},
      ),
    );
    expect(kernels(b.plan().calls).filter((name) => name === 'copy')).toHaveLength(1);
  });

  it('dead nodes', () => {
    const b = new Sketch();
    const x = b.float('x', N, 8);
    b.emit('exp', { x }, {});
    b.output('y', b.emit('relu', { x }, {}));
    expect(kernels(b.plan().calls)).toEqual(['pointwise_vec4']);
  });
});

describe('what runs once', () => {
  it('weights are packed when the program is made', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    b.output('y', b.emit('conv', { x: b.float('x', N, 3, 8, 8), w }, conv));
    const plan = b.plan();
    expect(kernels(plan.once)).toEqual(['pack_weights']);
    expect(kernels(plan.calls)).toEqual(['conv_tiled']);
  });

  it('weights that two convolutions pack alike are packed for both', () => {
    const b = new Sketch();
    const w = b.constant(randomTensor([6, 3, 3, 3], 1));
    const other = b.constant(randomTensor([6, 3, 3, 3], 2));
    for (const [k, each] of [w, w, other].entries()) {
      b.output(`y${k}`, b.emit('conv', { x: b.float(`x${k}`, N, 3, 8, 8), w: each }, conv));
    }
    const plan = b.plan();
    expect(kernels(plan.once)).toEqual(['pack_weights', 'pack_weights']);
    const packed = plan.calls.map(({ call }) => call.buffers['w']!);
    const roots = packed.map((ref) => (ref.of === 'value' ? plan.rootOf(ref.id) : null));
    expect(roots[0]).toBe(roots[1]);
    expect(roots[0]).not.toBe(roots[2]);
    for (const root of roots) expect(plan.buffers.has(root!)).toBe(true);
  });

  it('weights that are inputs are packed in every run', () => {
    const b = new Sketch();
    const inputs = { x: b.float('x', N, 3, 8, 8), w: b.float('w', 6, 3, 3, 3) };
    b.output('y', b.emit('conv', inputs, conv));
    const plan = b.plan();
    expect(kernels(plan.once)).toEqual([]);
    expect(kernels(plan.calls)).toEqual(['pack_weights', 'conv_tiled']);
  });

  it('whatever is made of constants alone', () => {
    const b = new Sketch();
    const w = b.constant(floatTensor([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]));
    const turned = b.emit('transpose', { x: b.emit('exp', { x: w }, {}) }, { perm: [1, 0] });
    b.output('y', b.emit('add', { a: b.float('x', N, 4, 2), b: turned }, {}));
    const plan = b.plan();
    expect(kernels(plan.once)).toEqual(['pointwise_vec4', 'copy']);
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4']);
  });
});

describe('storage', () => {
  const chain = (b: Sketch, x: ValueId, length: number): ValueId => {
    let y = x;
    for (let k = 0; k < length; k++)
      y = b.emit('reduce_sum', { x: b.emit('exp', { x: y }, {}) }, { axes: [] });
    return y;
  };

  it('a chain of any length needs two slots at most', () => {
    const b = new Sketch();
    b.output('y', b.emit('transpose', { x: chain(b, b.float('x', N, 8), 5) }, { perm: [1, 0] }));
    const plan = b.plan();
    expect(plan.calls.length).toBeGreaterThan(5);
    expect(plan.slotBytes.length).toBeLessThanOrEqual(2);
    expect(new Set(plan.slotBytes)).toEqual(new Set([4 * 4 * 8]));
  });

  it('no call reads and writes one buffer, and no live value loses its slot', () => {
    const b = new Sketch();
    const x = b.float('x', N, 8);
    const early = b.emit('softmax', { x }, { axis: 1 });
    const late = b.emit('softmax', { x: chain(b, early, 3) }, { axis: 1 });
    const both = b.emit('matmul', { a: late, b: early }, { transposeA: true, transposeB: false });
    b.output('y', b.emit('softmax', { x: both }, { axis: 1 }));
    const plan = b.plan();
    const slotOf = (id: ValueId): string => {
      const storage = plan.buffers.get(plan.rootOf(id))!.storage;
      return storage.kind === 'slot' ? `slot ${storage.slot}` : `%${plan.rootOf(id)}`;
    };
    for (const { call } of plan.calls) {
      const { y, ...reads } = call.buffers;
      if (y?.of !== 'value') continue;
      for (const ref of Object.values(reads)) {
        if (ref.of === 'value') expect(slotOf(ref.id)).not.toBe(slotOf(y.id));
      }
    }
    // From the call that makes `early` to the one that reads it last, nobody else writes to its slot.
    const writers = plan.calls.flatMap(({ call: { buffers } }, at) =>
      buffers['y']?.of === 'value' && slotOf(buffers['y'].id) === slotOf(early) ? [at] : [],
    );
    const lastRead = plan.calls.findLastIndex(({ call }) =>
      Object.entries(call.buffers).some(
        ([name, ref]) => name !== 'y' && ref.of === 'value' && plan.rootOf(ref.id) === early,
      ),
    );
    expect(writers.filter((at) => at <= lastRead)).toHaveLength(1);
  });

  it('sizes follow the capacity, in whole fours', () => {
    const b = new Sketch();
    b.output('y', b.emit('relu', { x: b.float('x', N, 3) }, {}));
    const bytes = (n: number): number[] =>
      [...b.plan({ capacity: { N: n } }).buffers.values()].map(({ byteLength }) => byteLength);
    expect(bytes(4)).toEqual([48, 48]);
    expect(bytes(1)).toEqual([16, 16]);
    expect(bytes(7)).toEqual([96, 96]);
  });
});

describe('rows replaced in place', () => {
  const sketch = (late: boolean): { b: Sketch; x: ValueId; y: ValueId } => {
    const b = new Sketch();
    const x = b.float('x', N, 8);
    const rows = b.emit('neg', { x: b.float('new', P, 8) }, {});
    const y = b.emit('update_rows', { x, index: b.index('index', P), rows }, {});
    b.output('next x', y);
    if (late) b.output('sum', b.emit('reduce_sum', { x }, { axes: [1] }));
    return { b, x, y };
  };
  const state = { x: 'next x' };

  it('where the input becomes the output anyway', () => {
    const { b, x, y } = sketch(false);
    const plan = b.plan({ state });
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4', 'copy']);
    expect(plan.rootOf(y)).toBe(x);
    expect(plan.copies).toEqual([]);
  });

  it('not where the input keeps its value', () => {
    const { b, x, y } = sketch(false);
    const plan = b.plan();
    expect(kernels(plan.calls)).toEqual(['pointwise_vec4', 'copy', 'copy']);
    expect(plan.rootOf(y)).not.toBe(x);
  });

  it('not where the old value is read later: it is copied, and the state moved at the end', () => {
    const { b, x, y } = sketch(true);
    const plan = b.plan({ state });
    expect(plan.rootOf(y)).not.toBe(x);
    expect(plan.copies).toEqual([{ from: y, to: x, extent: null }]);
  });

  it('a state whose batch has another symbol takes its live count along', () => {
    const b = new Sketch();
    const active = b.index('active', N);
    const keep = b.emit('less', { a: active, b: b.index('limit', 1) }, {});
    const left = b.emit('compact', { values: active, keep }, { symbol: 'P' });
    b.output('next active', left);
    const plan = b.plan({ state: { active: 'next active' } });
    expect(plan.copies).toEqual([{ from: left, to: active, extent: { from: 'P', to: 'N' } }]);
    expect([...plan.symbols].sort()).toEqual(['N', 'P']);
  });
});
