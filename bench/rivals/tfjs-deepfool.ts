// DeepFool in TensorFlow.js, as well as it can be written there. Everything but the classes of a batch
// stays on the backend; the gradients of all rivals k of all images are one batch of images repeated
// K − 1 times, since its tape serves one pass back; images that are done drop out.
import type * as TensorFlow from '@tensorflow/tfjs-core';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import { mirrored, mirrorEach, needsMirror } from './mirror.ts';
import {
  CANDIDATES,
  MAX_STEPS,
  OVERSHOOT,
  SHORTEST_STEP,
  type AttackOutcome,
  type AttackRival,
  type Subject,
} from './rival.ts';
import type { Tf, TfBackend } from './tfjs.ts';
import { tfOps, type Purpose } from './tfjs-ops.ts';
import { translateModel } from './translate.ts';

type Image = TensorFlow.Tensor4D;
type Matrix = TensorFlow.Tensor2D;
type Model = (images: Image) => Matrix;

/** Images that are not done. All tensors have one row an image. */
interface Batch {
  readonly [name: string]: TensorFlow.Tensor;
  readonly x0: Image;
  /** r, without the factor 1 + η. */
  readonly r: Image;
  /** e_k − e_k0 for each rival k: [images, K − 1, classes]. */
  readonly faces: TensorFlow.Tensor3D;
}

export function tfjsDeepFool(
  { name, tf, use }: TfBackend,
  { graph, image }: Subject,
  gradients: Exclude<Purpose, 'predictions'> = 'gradients',
): AttackRival {
  use();
  const mirror = needsMirror(graph);
  const translate = (purpose: Purpose): Model => {
    const ops = tfOps(tf, purpose);
    const seen = mirror ? mirrored(ops, (x) => tf.reverse(x, [1, 2])) : ops;
    return translateModel(graph, seen) as Model;
  };
  const [predict, model] = [translate('predictions'), translate(gradients)];
  return {
    name,
    attack: async (images, size) => {
      use();
      const outcomes: AttackOutcome[] = [];
      for (let at = 0; at < images.length; at += size) {
        const x0 = upload(tf, images.slice(at, at + size), image, mirror);
        outcomes.push(...(await attackBatch(tf, predict, model, x0)));
      }
      return outcomes;
    },
  };
}

function upload(
  tf: Tf,
  images: readonly Float32Array[],
  [c, h, w]: Subject['image'],
  mirror: boolean,
): Image {
  const pixels = new Float32Array(images.length * c * h * w);
  images.forEach((each, i) => {
    pixels.set(mirror ? mirrorEach(each, h * w) : each, i * each.length);
  });
  return tf.tidy(() => tf.transpose(tf.tensor4d(pixels, [images.length, c, h, w]), [0, 2, 3, 1]));
}

async function attackBatch(
  tf: Tf,
  predict: Model,
  model: Model,
  x0: Image,
): Promise<AttackOutcome[]> {
  const logits = predict(x0);
  const originals = await classesOf(tf, logits);
  let batch = tf.tidy((): Batch => ({ x0, r: tf.zerosLike(x0), faces: facesOf(tf, logits) }));
  logits.dispose();
  let live = originals.map((_, index) => index);
  const outcomes: AttackOutcome[] = [];
  for (let steps = 1; live.length > 0; steps++) {
    const r = tf.tidy(() => step(tf, model, batch));
    batch.r.dispose();
    batch = { ...batch, r };
    const judged = tf.tidy(() => predict(overshot(tf, batch)));
    const classes = await classesOf(tf, judged);
    judged.dispose();
    const isDone = live.map((index, i) => classes[i] !== originals[index] || steps === MAX_STEPS);
    const done = rowsWhere(isDone, true);
    if (done.length === 0) continue;
    const norms = await dataOf(tf.tidy(() => normsOf(tf, rowsOf(tf, r, done))));
    done.forEach((row, i) => {
      const l2 = (1 + OVERSHOOT) * norms[i]!;
      outcomes[live[row]!] = { adversarial: classes[row]!, steps, l2 };
    });
    const left = rowsWhere(isDone, false);
    live = left.map((row) => live[row]!);
    batch = keepRows(tf, batch, left);
  }
  tf.dispose(batch);
  return outcomes;
}

/** The faces towards the K − 1 best classes after the first. */
function facesOf(tf: Tf, logits: Matrix): TensorFlow.Tensor3D {
  const classes = logits.shape[1];
  const { indices } = tf.topk(logits, Math.min(CANDIDATES, classes));
  const [own, rivals] = tf.split(indices, [1, indices.shape[1] - 1], 1) as [Matrix, Matrix];
  return tf.sub(tf.oneHot(rivals, classes), tf.oneHot(own, classes));
}

/** r after one more step. */
function step(tf: Tf, model: Model, batch: Batch): Image {
  const { x0, r, faces } = batch;
  const [images, rivals, classes] = faces.shape;
  const pairs = images * rivals;
  const owners = Array.from({ length: pairs }, (_, pair) => Math.floor(pair / rivals));
  const repeated = rowsOf(tf, overshot(tf, batch), owners);
  const gapsOf = (at: TensorFlow.Tensor): TensorFlow.Tensor =>
    tf.sum(tf.mul(model(at as Image), tf.reshape(faces, [pairs, classes])), 1);
  const { value: gaps, grad: normals } = tf.valueAndGrad(gapsOf)(repeated, tf.ones([pairs]));
  const lengths = normsOf(tf, normals);
  const distances = tf.div(tf.abs(gaps), lengths);
  const best = tf.argMin(tf.reshape(distances, [images, rivals]), 1);
  const nearest: TensorFlow.Tensor1D = tf.add(best, tf.range(0, pairs, rivals, 'int32'));
  const shortest = tf.mul(normsOf(tf, x0), SHORTEST_STEP);
  const length = tf.maximum(tf.gather(distances, nearest), shortest);
  const factor = tf.reshape(tf.div(length, tf.gather(lengths, nearest)), [images, 1, 1, 1]);
  return tf.add(r, tf.mul(tf.gather(normals, nearest), factor));
}

const overshot = (tf: Tf, { x0, r }: Batch): Image => tf.add(x0, tf.mul(r, 1 + OVERSHOOT));

const normsOf = (tf: Tf, rows: TensorFlow.Tensor): TensorFlow.Tensor1D =>
  tf.sqrt(tf.sum<TensorFlow.Tensor1D>(tf.square(tf.reshape(rows, [rows.shape[0], -1])), 1));

const classesOf = (tf: Tf, logits: Matrix): Promise<number[]> =>
  dataOf(tf.tidy(() => tf.argMax(logits, 1)));

async function dataOf(tensor: TensorFlow.Tensor): Promise<number[]> {
  const data = await awaitGpu(tensor.data());
  tensor.dispose();
  return Array.from(data);
}

const rowsWhere = (all: readonly boolean[], wanted: boolean): number[] =>
  [...all.keys()].filter((row) => all[row] === wanted);

const rowsOf = <T extends TensorFlow.Tensor>(tf: Tf, tensor: T, rows: readonly number[]): T =>
  tf.gather(tensor, tf.tensor1d([...rows], 'int32'));

function keepRows(tf: Tf, batch: Batch, rows: readonly number[]): Batch {
  const kept = tf.tidy((): Batch => ({
    x0: rowsOf(tf, batch.x0, rows),
    r: rowsOf(tf, batch.r, rows),
    faces: rowsOf(tf, batch.faces, rows),
  }));
  tf.dispose(batch);
  return kept;
}
