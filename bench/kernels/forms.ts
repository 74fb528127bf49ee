// The same work in several forms of our own: what a choice of the design spares, and what another would.
import { floatTensor, intTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { WebGpuDevice } from '../../src-ts/executor/webgpu/device.ts';
import { PipelineCache } from '../../src-ts/executor/webgpu/pipelines.ts';
import { planGraph, type Plan } from '../../src-ts/executor/webgpu/plan.ts';
import { WebGpuProgram } from '../../src-ts/executor/webgpu/program.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { Expressions } from '../../src-ts/ops/expressions.ts';
import { randomTensor } from '../../test/reference/random.ts';
import type { Work } from '../measure.ts';
import { relativeError } from '../statistics.ts';

export interface Form {
  readonly name: string;
  readonly run: Work;
  readonly output: () => Promise<ArrayLike<number>>;
}

export interface FormTable {
  readonly title: string;
  readonly gflop: number;
  /** All make the same but those in `others`, which leave something out. */
  readonly forms: readonly Form[];
  readonly others: readonly Form[];
  readonly note: string;
}

const [IMAGES, COTANGENTS] = [8, 9];
const PAIRS = IMAGES * COTANGENTS;
const OWNERS = intTensor(
  [PAIRS],
  Array.from({ length: PAIRS }, (_, pair) => Math.floor(pair / COTANGENTS)),
);

type Inputs = Readonly<Record<string, Tensor>>;

/** Prepares forms on a device of their own. */
class FormMaker {
  readonly #device: WebGpuDevice;
  readonly #pipelines: PipelineCache;

  constructor(device: WebGpuDevice) {
    this.#device = device;
    this.#pipelines = new PipelineCache(device);
  }

  /** A graph with output `y` as a form; `change` may make its plan another. */
  async make(
    name: string,
    graph: Graph,
    inputs: Inputs,
    change = (plan: Plan): Plan => plan,
  ): Promise<Form> {
    const options = { capacity: {}, traits: this.#device.traits };
    const runtime = { device: this.#device, pipelines: this.#pipelines, timer: null };
    const plan = change(planGraph(graph, options));
    const program = await WebGpuProgram.create(runtime, graph, plan, options);
    for (const [input, value] of Object.entries(inputs)) program.write(input, value);
    return {
      name,
      run: async (times) => {
        program.run({ times });
        await program.finish();
      },
      output: async () => {
        program.run();
        return (await program.read(['y']))['y']!.data;
      },
    };
  }
}

const PLANE = [64, 32, 32];

/** The gradient of a 3 × 3 convolution to its input, behind a ReLU whose mask is that of its image. */
function maskedGradient(masked: boolean): Graph {
  const builder = new GraphBuilder();
  const e = new Expressions(builder);
  const input = (name: string, shape: readonly number[]) =>
    builder.input(name, { dtype: 'float32', shape });
  const geometry = {
    ...{ kernel: [3, 3], strides: [1, 1], dilations: [1, 1], groups: 1, padsBegin: [1, 1] },
    ...{ outputSize: [32, 32], inputSize: [32, 32] },
  };
  const w = builder.constant(randomTensor([64, 64, 3, 3], 2));
  const dy = input('dy', [PAIRS, ...PLANE]);
  const gradient = builder.emit('conv_input_grad', { dy, w }, geometry);
  const owner = builder.input('owner', { dtype: 'int32', shape: [PAIRS] });
  const activation = input('activation', [IMAGES, ...PLANE]);
  const open = e.greater(e.rows(activation, owner), e.number(0));
  builder.output('y', masked ? e.where(open, gradient, e.number(0)) : gradient);
  return builder.finish();
}

/** A tensor whose first words hold one bit for each element: whether it is above zero. */
function signBits({ shape, data }: Tensor): Tensor {
  const words = new Uint32Array(data.length);
  data.forEach((value, i) => {
    if (value > 0) words[i >> 5]! |= 1 << (i & 31);
  });
  return floatTensor(shape, new Float32Array(words.buffer));
}

const FROM_BITS = 'f32((bitcast<u32>(extra0[(i + shift) >> 5u]) >> ((i + shift) & 31u)) & 1u)';

/** A plan whose epilogue reads bits where it read the activation. */
function readingBits(plan: Plan): Plan {
  const calls = plan.calls.map((planned) => {
    const { call } = planned;
    if (call.slots['load_e0'] === undefined) return planned;
    return { ...planned, call: { ...call, slots: { ...call.slots, load_e0: FROM_BITS } } };
  });
  return { ...plan, calls };
}

async function maskForms(maker: FormMaker): Promise<FormTable> {
  const dy = randomTensor([PAIRS, ...PLANE], 3);
  const activation = randomTensor([IMAGES, ...PLANE], 4);
  const graph = maskedGradient(true);
  const bits = { dy, activation: signBits(activation), owner: OWNERS };
  return {
    title: `gradient of conv 3 × 3, 64 → 64, 32 × 32, behind a ReLU, ${PAIRS} pairs`,
    gflop: (2 * 9 * 64 * 64 * 32 * 32 * PAIRS) / 1e9,
    forms: [
      await maker.make('mask from the activation', graph, { dy, activation, owner: OWNERS }),
      await maker.make('mask of 1 bit', graph, bits, readingBits),
    ],
    others: [await maker.make('no mask', maskedGradient(false), { dy })],
    note: 'Ours is the first. Bits are packed beforehand: packing would be a pass of its own, once an image.',
  };
}

const [HEADS, TOKENS, WIDTH] = [3, 128, 64];

/** dV = Pᵀ dO of attention, whose probabilities P are those of the image that a pair belongs to. */
function attentionGradient(shared: boolean): Graph {
  const builder = new GraphBuilder();
  const e = new Expressions(builder);
  const p = builder.input('p', { dtype: 'float32', shape: [IMAGES, HEADS, TOKENS, TOKENS] });
  const dout = builder.input('dout', { dtype: 'float32', shape: [PAIRS, HEADS, TOKENS, WIDTH] });
  const owner = builder.input('owner', { dtype: 'int32', shape: [PAIRS] });
  const probabilities = e.rows(p, owner);
  if (!shared) builder.output('repeated', probabilities); // so it needs a buffer of its own
  const attrs = { transposeA: true, transposeB: false };
  builder.output('y', builder.emit('matmul', { a: probabilities, b: dout }, attrs));
  return builder.finish();
}

async function attentionForms(maker: FormMaker): Promise<FormTable> {
  const inputs = {
    p: randomTensor([IMAGES, HEADS, TOKENS, TOKENS], 5),
    dout: randomTensor([PAIRS, HEADS, TOKENS, WIDTH], 6),
    owner: OWNERS,
  };
  return {
    title: `attention's gradient to the values, ${HEADS} heads, ${TOKENS} tokens, ${PAIRS} pairs of ${IMAGES} images`,
    gflop: (2 * TOKENS * TOKENS * WIDTH * HEADS * PAIRS) / 1e9,
    forms: [
      await maker.make('probabilities shared by an image', attentionGradient(true), inputs),
      await maker.make('repeated for each pair', attentionGradient(false), inputs),
    ],
    others: [],
    note: 'Ours is the first: it reads them through the table of owners.',
  };
}

/** All tables of forms, whose results have been compared. Throws where they differ. */
export async function formTables(): Promise<FormTable[]> {
  const maker = new FormMaker(await WebGpuDevice.open());
  const tables = [await maskForms(maker), await attentionForms(maker)];
  for (const { title, forms } of tables) {
    const [first, ...rest] = await Promise.all(forms.map(({ output }) => output()));
    for (const each of rest) {
      if (relativeError(each, first!) > 1e-6) {
        throw new Error(`${title}: the forms differ`);
      }
    }
  }
  return tables;
}
