// Whole graphs as ONNX files: a network, its gradients for pairs of image and class, and an attack's
// step must give in onnxruntime what they give here.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src-ts/attack/options.ts';
import { buildStepGraph, STATUSES } from '../../src-ts/attack/step.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { UnsupportedOpError } from '../../src-ts/core/errors.ts';
import { batchDim, elementCount, resolveShape } from '../../src-ts/core/shape.ts';
import { allocate, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { outputNamed, typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import { exportOnnx } from '../../src-ts/onnx/export/export-onnx.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { expectClose } from './runtime.ts';
import { runExported } from './run-exported.ts';

const LENET = path.resolve(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const model = importOnnx(readFileSync(LENET), { name: 'lenet.onnx' });

async function expectSame(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const came = await runExported(exportOnnx(graph), inputs);
  const expected = interpret(graph, inputs);
  expect(Object.keys(came).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, want] of Object.entries(expected)) {
    expect(came[name]!.dtype, name).toBe(want.dtype);
    expect(came[name]!.shape, name).toEqual(want.shape);
    expectClose(came[name]!, want, 1e-4);
  }
  return came;
}

/** ∂(logit of class − logit of class 0)/∂image for pairs of image and class. */
function pairGradients({ graph, classes }: typeof model): Graph {
  const builder = new GraphBuilder();
  const image = builder.input('image', typeOf(graph, graph.inputs[0]!.id));
  const moved = builder.inline(graph, { image });
  const pairs = batchDim('P');
  const owner = builder.input('owner', { dtype: 'int32', shape: [pairs] });
  const cotangent = builder.input('cotangent', { dtype: 'float32', shape: [pairs, classes] });
  const of = moved.get(outputNamed(graph, 'logits'))!;
  const [dx] = gradient(builder, {
    seeds: [{ of, cotangent }],
    wrt: [image],
    owner: { index: owner, symbol: 'N' },
  });
  builder.output('gradient', dx!);
  return builder.finish();
}

describe('exportOnnx', () => {
  it('writes a network that onnxruntime runs on any batch, and that reads back as itself', async () => {
    const image = randomTensor([3, 1, 28, 28], 5);
    await expectSame(model.graph, { image });
    const again = importOnnx(exportOnnx(model.graph), { name: 'again.onnx' });
    expect(again).toMatchObject({
      classes: 10,
      batchable: true,
      inputShape: model.inputShape,
      parameters: model.parameters,
      opset: 17,
      irVersion: 8,
      producer: 'deepfool-webgpu',
    });
    const [ours, theirs] = [model.graph, again.graph].map((graph) => interpret(graph, { image }));
    expectClose(theirs!['logits']!, ours!['logits']!, 1e-6);
  });

  it('writes gradients of pairs, which read their images through a table', async () => {
    await expectSame(pairGradients(model), {
      image: randomTensor([2, 1, 28, 28], 5),
      owner: intTensor([3], [1, 0, 1]),
      cotangent: randomTensor([3, 10], 6),
    });
  });

  it("writes an attack's step, which can be run to its end", { timeout: 120_000 }, async () => {
    const options = resolveOptions({ candidates: 4 }, { classes: 10, channels: 1 });
    const { graph, state } = buildStepGraph(model.graph, options);
    let values: Record<string, Tensor> = {};
    for (const { name, id } of graph.inputs) {
      const { dtype, shape } = typeOf(graph, id);
      const sizes = resolveShape(shape, { S: 2, N: 2 });
      values[name] = tensor(dtype, sizes, allocate(dtype, elementCount(sizes)));
    }
    const x0 = randomTensor([2, 1, 28, 28], 8);
    values['x0'] = { ...x0, data: Float32Array.from(x0.data, (value) => (value + 1) / 2) };
    if ('active' in values) values['active'] = intTensor([2], [0, 1]);
    let steps = 0;
    const isBusy = (code: number): boolean => ['new', 'running'].includes(STATUSES[code]!);
    for (; Array.from(values['status']!.data).some(isBusy) && steps < 10; steps++) {
      const made = steps === 0 ? await expectSame(graph, values) : await runOnce(graph, values);
      const next = Object.entries(state).map(([input, output]) => [input, made[output]!] as const);
      values = { ...values, ...(Object.fromEntries(next) as Record<string, Tensor>) };
    }
    expect(steps).toBeGreaterThan(1);
    const came = Array.from(values['status']!.data, (code) => STATUSES[code]);
    expect(came).toEqual(['fooled', 'fooled']);
  });

  it('keeps names of inputs and outputs, also where they meet', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [2] });
    const doubled = builder.emit('add', { a: x, b: x }, {}, 'x');
    for (const name of ['same', 'Add', 'weight']) builder.output(name, doubled);
    builder.output('through', x);
    builder.output('fixed', builder.constant(randomTensor([3], 1)));
    await expectSame(builder.finish(), { x: randomTensor([2], 2) });
  });

  it('lists every node that ONNX has no form for', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [1, 1, 8] });
    const far = {
      kernel: [2],
      strides: [2],
      dilations: [1],
      padsBegin: [2],
      outputSize: [5],
    };
    for (const label of ['first', 'second']) {
      const argmax = builder.emit('max_pool_argmax', { x }, far, label);
      builder.output(label, builder.emit('cast', { x: argmax }, { to: 'float32' }));
    }
    const write = (): Uint8Array => exportOnnx(builder.finish(), { name: 'far' });
    expect(write).toThrow(UnsupportedOpError);
    expect(write).toThrow(/far: 2 nodes are not supported\n.*"first".*\n.*"second"/);
  });
});

const runOnce = (
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> => runExported(exportOnnx(graph), inputs);
