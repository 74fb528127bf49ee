// Image networks of every family, with random weights: logits as onnxruntime has them, gradients as the
// interpreter has them in float64, for one class and for several folded into one pass, and an attack.
import { beforeAll, describe, expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { outputNamed, typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { importOnnx, type ImportedModel } from '../../src-ts/onnx/import-onnx.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted, runGraph } from '../executor/run-graph.ts';
import { runExported } from '../onnx/run-exported.ts';
import { expectClose } from '../onnx/runtime.ts';
import { openFamily } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';
import { buildNetwork, familyNames, type FamilyName } from './families.ts';
import { PENDING } from './pending.ts';

/** Families whose file ends with a softmax, which the importer steps over. */
const SOFTMAX: ReadonlySet<FamilyName> = new Set<FamilyName>(['googlenet']);

const IMAGES = 2;
const FORWARD = 1e-3; // float32 against float32, of the largest logit
const BACKWARD = 1e-3; // float32 against float64, of the largest derivative

let executor: Executor;
beforeAll(async () => {
  executor = await openFamily('subgroup');
});

/** Images with values between 0 and 1. */
function imagesOf(size: number): Tensor {
  const { shape, data } = randomTensor([IMAGES, 3, size, size], 11);
  return floatTensor(
    shape,
    Array.from(data, (value) => (value + 1) / 2),
  );
}

function softmaxed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as readonly [number, number];
  const powers = Array.from(data, Math.exp);
  const sums = Array.from({ length: rows }, (_, row) =>
    powers.slice(row * columns, (row + 1) * columns).reduce((sum, each) => sum + each, 0),
  );
  return floatTensor(
    shape,
    powers.map((each, i) => each / sums[Math.floor(i / columns)]!),
  );
}

type Seeds = (builder: GraphBuilder, classes: number) => { cotangent: ValueId; owner?: ValueId };

/** The gradient of the logits by the image, for cotangents that come as an input. */
function gradientGraph({ graph, classes }: ImportedModel, seeds: Seeds): Graph {
  const builder = new GraphBuilder();
  const image = builder.input('image', typeOf(graph, graph.inputs[0]!.id));
  const of = builder.inline(graph, { image }).get(outputNamed(graph, 'logits'))!;
  const { cotangent, owner } = seeds(builder, classes);
  const [dx] = gradient(builder, {
    seeds: [{ of, cotangent }],
    wrt: [image],
    ...(owner !== undefined && { owner: { index: owner, symbol: 'N' } }),
  });
  builder.output('gradient', dx!);
  return builder.finish();
}

const oneClass: Seeds = (builder, classes) => ({
  cotangent: builder.input('cotangent', { dtype: 'float32', shape: [batchDim('N'), classes] }),
});

const pairs: Seeds = (builder, classes) => ({
  owner: builder.input('owner', { dtype: 'int32', shape: [batchDim('P')] }),
  cotangent: builder.input('cotangent', { dtype: 'float32', shape: [batchDim('P'), classes] }),
});

/** Rows that are 1 at one class and −1 at another. */
function differences(classes: number, rows: readonly (readonly [number, number])[]): Tensor {
  const data = new Float32Array(rows.length * classes);
  for (const [row, [plus, minus]] of rows.entries()) {
    data[row * classes + plus]! += 1;
    if (minus >= 0) data[row * classes + minus]! -= 1;
  }
  return floatTensor([rows.length, classes], data);
}

describe.for(familyNames.filter((name) => PENDING[name] === undefined))('%s', (name) => {
  const { bytes, scale } = buildNetwork(name, 'tiny');
  const image = imagesOf(scale.size);
  let model: ImportedModel;
  beforeAll(() => {
    model = importOnnx(bytes, { name });
  });

  it('takes any batch and gives the logits of onnxruntime', async () => {
    expect(model.batchable).toBe(true);
    expect(model.classes).toBe(scale.classes);
    const { logits } = await runGraph(executor, model.graph, { image }, { spare: 1 });
    const { output } = await runExported(bytes, { input: image });
    expectClose(SOFTMAX.has(name) ? softmaxed(logits!) : logits!, output!, FORWARD);
    expect(new Set(output!.data).size, 'logits that differ').toBeGreaterThan(IMAGES * 3);
  });

  it('has the gradient of one class that the interpreter has', async () => {
    const graph = gradientGraph(model, oneClass);
    const cotangent = differences(scale.classes, [
      [3, -1],
      [5, -1],
    ]);
    await expectAsInterpreted(executor, graph, { image, cotangent }, { tolerance: BACKWARD });
  });

  it('has the gradients of several pairs in one pass', async () => {
    const graph = gradientGraph(model, pairs);
    const cotangent = differences(scale.classes, [
      [1, 0],
      [4, 2],
      [7, 0],
    ]);
    const inputs = { image, owner: intTensor([3], [1, 0, 1]), cotangent };
    const options = { tolerance: BACKWARD, spare: 1 };
    const came = await expectAsInterpreted(executor, graph, inputs, options);
    expect(came['gradient']!.data.some((value) => value !== 0)).toBe(true);
  });

  it('can be attacked', async () => {
    const options = { candidates: 4, maxSteps: 8 };
    const attack = await DeepFoolAttack.create(executor, model, options, { batch: IMAGES });
    const size = image.data.length / IMAGES;
    const group = Array.from({ length: IMAGES }, (_, k) => ({
      pixels: Float32Array.from(image.data.slice(k * size, (k + 1) * size)),
      source: `image ${k}`,
      label: null,
      index: k,
    }));
    for await (const { record } of attack.attack(group)) {
      expect(['fooled', 'exhausted']).toContain(record.status);
      expect(record.steps).toBeGreaterThan(0);
    }
    attack.dispose();
  });
});

it('what is said to be not supported is not', () => {
  for (const [name, reason] of Object.entries(PENDING)) {
    const { bytes } = buildNetwork(name as FamilyName, 'tiny');
    expect(() => importOnnx(bytes, { name }), `${name} can be read now`).toThrow(reason);
  }
});
