// The step graph, run by the interpreter, is held to the plain-loop attack, image by image.
import { describe, expect, it } from 'vitest';
import type { AttackModel } from '../../src-ts/attack/deepfool.ts';
import { resolveOptions, type DeepFoolOptions } from '../../src-ts/attack/options.ts';
import { buildStepGraph, STATUSES, type SlotStatus } from '../../src-ts/attack/step.ts';
import { findBatch } from '../../src-ts/core/shape.ts';
import { allocate, floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { typeOf } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { deepfool, dualNormOf, normOf, type Vector } from '../reference/deepfool.ts';
import { interpret } from '../reference/interpreter.ts';
import {
  affine,
  asClassifier,
  CHANNELS,
  convNet,
  dense,
  flatten,
  IMAGE_SHAPE,
  imagesOf,
  modelOf,
} from './models.ts';

const NORMS = [1, 1.5, 2, 3, Infinity];

interface SlotResult {
  readonly status: SlotStatus;
  readonly original: number;
  readonly adversarial: number;
  readonly steps: number;
  readonly products: number;
  readonly x: Vector;
  readonly measures: Readonly<Record<string, number>>;
}

/** Runs the step graph in the interpreter until every image is done. */
function runSteps(
  model: AttackModel,
  options: DeepFoolOptions,
  images: readonly Float32Array[],
  most = Infinity,
): SlotResult[] {
  const resolved = resolveOptions(options, { classes: model.classes, channels: CHANNELS });
  const step = buildStepGraph(model.graph, resolved, most);
  const count = images.length;
  let state: Record<string, Tensor> = {};
  for (const { name, id } of step.graph.inputs) {
    const { dtype, shape } = typeOf(step.graph, id);
    expect(findBatch(shape)?.axis).toBe(0);
    const dims = [count, ...(shape.slice(1) as number[])];
    const size = dims.reduce((product, dim) => product * dim, 1);
    state[name] = tensor(dtype, dims, allocate(dtype, size, true));
  }
  const pixels = images.flatMap((image) => [...image]);
  state['x0'] = floatTensor([count, ...IMAGE_SHAPE], pixels);
  const busy = (code: number): boolean => code <= STATUSES.indexOf('running');
  for (let runs = 0; state['status']!.data.some(busy); runs++) {
    expect(runs, 'steps').toBeLessThanOrEqual(resolved.maxSteps);
    const outputs = interpret(step.graph, state);
    state = { ...state };
    for (const [input, output] of Object.entries(step.state)) state[input] = outputs[output]!;
  }
  const row = (name: string, slot: number): number[] => {
    const { data, shape } = state[name]!;
    const width = data.length / shape[0]!;
    return [...data.slice(slot * width, (slot + 1) * width)];
  };
  return images.map((_, slot) => ({
    status: STATUSES[row('status', slot)[0]!]!,
    original: row('original', slot)[0]!,
    adversarial: row('adversarial', slot)[0]!,
    steps: row('steps', slot)[0]!,
    products: row('products', slot)[0]!,
    x: row('x', slot),
    measures: Object.fromEntries(row('measures', slot).map((v, k) => [step.measures[k]!, v])),
  }));
}

/** Expects the graph to do with each image what the plain loops do; tells how often each status came. */
function expectSame(
  model: AttackModel,
  options: DeepFoolOptions,
  images: readonly Float32Array[],
): Partial<Record<SlotStatus, number>> {
  const resolved = resolveOptions(options, { classes: model.classes, channels: CHANNELS });
  const classifier = asClassifier(model);
  const came = runSteps(model, options, images);
  const counts: Partial<Record<SlotStatus, number>> = {};
  for (const [slot, image] of images.entries()) {
    const x0 = [...image];
    const expected = deepfool(classifier, x0, resolved);
    const { x, measures, ...rest } = came[slot]!;
    const { x: wantedX, ...wanted } = expected;
    if (expected.status === 'failed') {
      expect(rest).toMatchObject({ status: 'failed', steps: expected.steps });
    } else {
      expect(rest, `image ${slot}`).toEqual(wanted);
      const apart = normOf(
        x.map((value, j) => value - wantedX[j]!),
        Infinity,
      );
      const moved = normOf(
        wantedX.map((value, j) => value - x0[j]!),
        Infinity,
      );
      expect(apart, `x of image ${slot}`).toBeLessThanOrEqual(1e-6 * Math.max(moved, 1e-3));
      expectMeasures(measures, x0, x, resolved.norm);
    }
    counts[rest.status] = (counts[rest.status] ?? 0) + 1;
  }
  return counts;
}

function expectMeasures(
  measures: Readonly<Record<string, number>>,
  x0: Vector,
  x: Vector,
  p: number,
): void {
  const r = x.map((value, j) => value - x0[j]!);
  const near = (name: string, value: number): void => {
    expect(Math.abs(measures[name]! - value), name).toBeLessThanOrEqual(
      1e-6 * Math.max(value, 1e-3),
    );
  };
  near('l2', normOf(r, 2));
  near('linf', normOf(r, Infinity));
  near('x_l2', normOf(x0, 2));
  near('x_linf', normOf(x0, Infinity));
  expect(measures['min']).toBeCloseTo(Math.min(...x), 12);
  expect(measures['max']).toBeCloseTo(Math.max(...x), 12);
  if (p === 2 || p === Infinity) return;
  near('lp', normOf(r, p));
  near('x_lp', normOf(x0, p));
}

const pixelsOf = (count: number, seed: number): Float32Array[] =>
  imagesOf(count, seed).map(({ pixels }) => pixels);

describe.each(NORMS)('for p = %f the step graph does what the paper says', (norm) => {
  it('on random networks', () => {
    const found = [11, 12].map((seed) => expectSame(convNet(5, seed), { norm }, pixelsOf(5, seed)));
    expect(found[0]!.fooled).toBeGreaterThan(0);
  });

  it('inside bounds', () => {
    expectSame(convNet(5, 21), { norm, bounds: [0, 1], maxSteps: 12 }, pixelsOf(5, 22));
  });

  it('with a stabilizer and three candidates', () => {
    expectSame(convNet(6, 31), { norm, stabilizer: 1e-2, candidates: 3 }, pixelsOf(5, 32));
  });

  it('towards a target', () => {
    const options = { norm, target: 1, maxSteps: 8 };
    const counts = expectSame(convNet(5, 41), options, pixelsOf(6, 42));
    expect(counts.fooled).toBeGreaterThan(0);
  });

  it('on a network with one output', () => {
    expectSame(convNet(1, 51), { norm, maxSteps: 10 }, pixelsOf(6, 52));
  });

  it('lazily', () => {
    for (const lazy of [1, 1.3, 2]) {
      const options = { norm, lazy, candidates: 'all', maxSteps: 12 } as const;
      expectSame(convNet(9, 55), options, pixelsOf(5, 56));
      expectSame(convNet(9, 55), { ...options, bounds: [0, 1] }, pixelsOf(3, 57));
    }
    expectSame(convNet(5, 41), { norm, lazy: 1.5, target: 1, maxSteps: 8 }, pixelsOf(4, 42));
    expectSame(convNet(1, 51), { norm, lazy: 1.5, maxSteps: 10 }, pixelsOf(4, 52));
  });
});

describe('rounds of products', () => {
  const model = convNet(9, 131);
  const images = pixelsOf(4, 132);

  it('are one unless fewer at a time are asked for, or lazily one and the rest', () => {
    const roundsOf = (options: DeepFoolOptions, most?: number): readonly number[] => {
      const resolved = resolveOptions(options, { classes: 9, channels: CHANNELS });
      return buildStepGraph(model.graph, resolved, most).rounds;
    };
    expect(roundsOf({})).toEqual([8]);
    expect(roundsOf({}, 3)).toEqual([3, 3, 2]);
    expect(roundsOf({ lazy: 2 })).toEqual([1, 7]);
    expect(roundsOf({ lazy: 2 }, 2)).toEqual([1, 2, 2, 2, 1]);
    expect(roundsOf({ lazy: 2, target: 1 })).toEqual([1]);
  });

  it.each([1, 3, 5])('in parts of at most %i classes find what whole ones find', (most) => {
    const ways = [{}, { norm: Infinity, bounds: [0, 1] }, { norm: 1 }, { lazy: 1.2 }] as const;
    for (const options of ways) {
      expect(runSteps(model, options, images, most)).toEqual(runSteps(model, options, images));
    }
  });

  it('leave out nothing with much slack, and some with little', () => {
    const whole = runSteps(model, {}, images);
    for (const most of [1, 3, Infinity]) {
      expect(runSteps(model, { lazy: 1e9 }, images, most)).toEqual(whole);
    }
    const [few, some, all] = [1, 4, 1e9].map((lazy) =>
      runSteps(model, { lazy }, images).reduce((sum, { products }) => sum + products, 0),
    );
    expect(few).toBeLessThan(some!);
    expect(some).toBeLessThan(all!);
  });

  it('give faces at the same distance to the same class', () => {
    // Classes 1 to 4 have the same logits: of faces that are equally far the first candidate's counts.
    const alike = modelOf(5, (b, image) => {
      const two = dense(b, flatten(b, image), 2, 141);
      const [batch] = b.typeOf(two).shape;
      const reshape = (x: ValueId, ...rest: number[]): ValueId =>
        b.emit('reshape', { x }, { shape: [batch!, ...rest] });
      const index = b.constant(intTensor([1, 5], [0, 1, 1, 1, 1]));
      return reshape(b.emit('gather', { x: reshape(two, 2, 1), index }, {}), 5);
    });
    const options = { candidates: 'all', maxSteps: 3 } as const;
    const whole = runSteps(alike, options, images);
    expect(runSteps(alike, options, images, 1)).toEqual(whole);
    expect(runSteps(alike, { ...options, lazy: 1e9 }, images)).toEqual(whole);
  });

  it('of an image do not depend on the others', () => {
    const together = runSteps(model, { lazy: 1.2 }, images);
    for (const [k, image] of images.entries()) {
      expect(runSteps(model, { lazy: 1.2 }, [image])).toEqual([together[k]]);
    }
  });

  it('leave nothing out for a model that takes one image at a time', () => {
    const options = { candidates: 'all' } as const;
    const whole = runSteps(convNet(9, 131), options, images.slice(0, 1));
    for (const most of [1, 3, Infinity]) {
      const alone = runSteps(
        convNet(9, 131, 1),
        { ...options, lazy: 1.1 },
        images.slice(0, 1),
        most,
      );
      expect(alone).toEqual(whole);
    }
  });
});

describe('statuses', () => {
  it('exhausted after the last step', () => {
    const options = { maxSteps: 1, overshoot: 0, norm: Infinity };
    const counts = expectSame(convNet(5, 61), options, pixelsOf(8, 62));
    expect(counts.exhausted).toBeGreaterThan(0);
  });

  it('stalled where no gradient leads anywhere', () => {
    // relu(x − 2) is 0 with a zero gradient for all images in [0, 1].
    const model = modelOf(3, (b, image) => {
      const dark = b.emit('sub', { a: flatten(b, image), b: b.scalar(2) }, {});
      return dense(b, b.emit('relu', { x: dark }, {}), 3, 71);
    });
    expect(expectSame(model, {}, pixelsOf(2, 72))).toEqual({ stalled: 2 });
  });

  it('failed where a logit is NaN, and others go on', () => {
    const model = modelOf(3, (b, image) => {
      const flat = flatten(b, image);
      return dense(b, b.emit('sqrt', { x: flat }, {}), 3, 81);
    });
    const [good, bad] = pixelsOf(2, 82);
    bad![3] = -1;
    const counts = expectSame(model, { bounds: [0, 1] }, [good!]);
    expect(counts.fooled).toBe(1);
    expect(expectSame(model, {}, [bad!, bad!])).toEqual({ failed: 2 });
    const mixed = runSteps(model, { bounds: [-1, 1] }, [bad!, good!]);
    expect(mixed[0]).toMatchObject({ status: 'failed', steps: 0 });
    expect(mixed[1]!.status).not.toBe('running');
  });

  it('failed where a gradient is infinite', () => {
    const model = modelOf(3, (b, image) => {
      return dense(b, b.emit('sqrt', { x: flatten(b, image) }, {}), 3, 91);
    });
    const [image] = pixelsOf(1, 92);
    image![5] = 0;
    expect(expectSame(model, {}, [image!])).toEqual({ failed: 1 });
  });
});

it('normalisation belongs to the classifier, not to the measured space', () => {
  const model = convNet(5, 101);
  const [mean, std] = [
    [0.4, 0.6],
    [0.5, 0.25],
  ];
  const inside = modelOf(5, (b, image) => {
    const perChannel = (values: number[]): Tensor => floatTensor([CHANNELS, 1, 1], values);
    const centred = b.emit('sub', { a: image, b: b.constant(perChannel(mean)) }, {});
    const scaled = b.emit('div', { a: centred, b: b.constant(perChannel(std)) }, {});
    return b.inline(model.graph, { image: scaled }).get(model.graph.outputs[0]!.id)!;
  });
  const images = pixelsOf(4, 102);
  const outside = runSteps(model, { mean: mean, std: std }, images);
  const within = runSteps(inside, {}, images);
  for (const [slot, { measures, ...rest }] of outside.entries()) {
    const { measures: others, ...same } = within[slot]!;
    expect(rest).toEqual(same);
    expect(measures).toMatchObject(others);
    const r = rest.x.map((value, j) => (value - images[slot]![j]!) / std[j < 16 ? 0 : 1]!);
    expect(measures['input_lp']).toBeCloseTo(normOf(r, 2), 6);
    const seen = Array.from(images[slot]!, (v, j) => {
      const channel = j < 16 ? 0 : 1;
      return (v - mean[channel]!) / std[channel]!;
    });
    expect(measures['input_x_lp']).toBeCloseTo(normOf(seen, 2), 5);
  }
});

it('a model that takes one image at a time comes to the same', () => {
  const [image] = pixelsOf(1, 112);
  for (const norm of [2, Infinity]) {
    const [alone] = runSteps(convNet(5, 111, 1), { norm }, [image!]);
    const [batched] = runSteps(convNet(5, 111), { norm }, [image!]);
    expect(alone).toEqual(batched);
  }
});

describe.each(NORMS)('for p = %f an affine classifier falls in one step', (norm) => {
  it.each([
    ['with six classes', 6],
    ['with one output', 1],
  ])('at the closed-form distance, %s', (_, classes) => {
    const model = affine(classes, 121);
    const { logits, linearize } = asClassifier(model);
    const images = pixelsOf(6, 122);
    const options = { norm, candidates: 'all', overshoot: 0.02 } as const;
    for (const [slot, result] of runSteps(model, options, images).entries()) {
      const x0 = [...images[slot]!];
      const f = logits(x0);
      const w = linearize(x0, [...f.keys()]);
      const others = [...f.keys()].filter((k) => k !== result.original);
      const distances =
        classes === 1
          ? [Math.abs(f[0]!) / dualNormOf(w[0]!, norm)]
          : others.map((k) => {
              const normal = w[k]!.map((g, j) => g - w[result.original]![j]!);
              return (f[result.original]! - f[k]!) / dualNormOf(normal, norm);
            });
      expect(result).toMatchObject({ status: 'fooled', steps: 1 });
      const r = result.x.map((value, j) => (value - x0[j]!) / 1.02);
      expect(normOf(r, norm) / Math.min(...distances)).toBeCloseTo(1, 6);
    }
  });
});
