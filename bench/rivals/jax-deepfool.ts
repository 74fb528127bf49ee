// DeepFool in jax-js, as well as it can be written there: a step and its verdict are one compiled
// function. The gradients of all rivals k of all images are one batch of images repeated K − 1 times;
// images that are done drop out, by halves of the batch, since every batch size is compiled anew.
import type { Array as JaxArray } from '@jax-js/jax';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import type { JaxBackend } from './jax.ts';
import { jaxOps } from './jax-ops.ts';
import {
  CANDIDATES,
  MAX_STEPS,
  OVERSHOOT,
  SHORTEST_STEP,
  type AttackOutcome,
  type AttackRival,
  type Subject,
} from './rival.ts';
import { translateModel } from './translate.ts';

type Step = (x0: JaxArray, r: JaxArray, faces: JaxArray) => JaxArray[];
type Start = (x0: JaxArray) => JaxArray[];

/** Images of which some are not done; all arrays have one row an image. */
interface Batch {
  readonly x0: JaxArray;
  /** r, without the factor 1 + η. */
  readonly r: JaxArray;
  /** e_k − e_k0 for each rival k: [images, K − 1, classes]. */
  readonly faces: JaxArray;
}

export function jaxDeepFool(backend: JaxBackend, { graph, image }: Subject): AttackRival {
  const model = translateModel(graph, jaxOps(backend));
  const start = backend.jax.jit(startOf(backend, model)) as unknown as Start;
  const step = backend.jax.jit(stepOf(backend, model)) as unknown as Step;
  return {
    name: backend.name,
    attack: async (images, size) => {
      const outcomes: AttackOutcome[] = [];
      for (let at = 0; at < images.length; at += size) {
        const some = images.slice(at, at + size);
        const x0 = upload(backend, some, image);
        outcomes.push(...(await attackBatch(backend, start, step, x0)));
      }
      backend.check();
      return outcomes;
    },
  };
}

function upload(
  { jax }: JaxBackend,
  images: readonly Float32Array[],
  image: Subject['image'],
): JaxArray {
  const size = images[0]!.length;
  const pixels = new Float32Array(images.length * size);
  images.forEach((each, i) => {
    pixels.set(each, i * size);
  });
  return jax.numpy.array(pixels, { shape: [images.length, ...image] });
}

/** The classes of images, and the faces towards the K − 1 best after them. */
function startOf({ jax }: JaxBackend, model: (x: JaxArray) => JaxArray) {
  const { lax, nn } = jax;
  return (x0: JaxArray): JaxArray[] => {
    const logits = model(x0);
    const [images, classes] = logits.shape as [number, number];
    const [values, ranked] = lax.topK(logits, Math.min(CANDIDATES, classes), 1);
    values.dispose();
    const own = ranked.ref.slice([0, images], [0, 1]);
    const rivals = ranked.slice([0, images], [1, ranked.shape[1]!]);
    const faces = nn.oneHot(rivals, classes).sub(nn.oneHot(own.ref, classes));
    return [own.reshape([images]), faces];
  };
}

/** r after one more step, the classes there, and ‖r‖₂. */
function stepOf({ jax }: JaxBackend, model: (x: JaxArray) => JaxArray) {
  const { numpy: np, nn, vjp } = jax;
  const overshot = (x0: JaxArray, r: JaxArray): JaxArray => x0.add(r.mul(1 + OVERSHOOT));
  const normsOf = (rows: JaxArray): JaxArray => {
    const flat = rows.reshape([rows.shape[0]!, -1]);
    return np.sqrt(np.sum(flat.ref.mul(flat), 1));
  };
  return (x0: JaxArray, r: JaxArray, faces: JaxArray): JaxArray[] => {
    const [images, rivals, classes] = faces.shape as [number, number, number];
    const pairs = images * rivals;
    const repeated = np.repeat(overshot(x0.ref, r.ref), rivals, 0);
    const picked = faces.reshape([pairs, classes]);
    const [gaps, pullBack] = vjp((x: JaxArray) => np.sum(model(x).mul(picked.ref), 1), [repeated]);
    const [normals] = pullBack(np.ones([pairs]));
    const lengths = normsOf(normals.ref).reshape([images, rivals]);
    const distances = np.abs(gaps).reshape([images, rivals]).div(lengths.ref);
    const chosen = nn.oneHot(np.argmin(distances.ref, 1), rivals);
    const pick = (values: JaxArray): JaxArray => np.sum(values.mul(chosen.ref), 1);
    const length = np.maximum(pick(distances), normsOf(x0.ref).mul(SHORTEST_STEP));
    const weights = chosen.ref.mul(length.div(pick(lengths)).reshape([images, 1]));
    const size = normals.size / pairs;
    const weighted = normals
      .reshape([images, rivals, size])
      .mul(weights.reshape([images, rivals, 1]));
    const next = r.add(np.sum(weighted, 1).reshape(x0.shape));
    const classesThere = np.argmax(model(overshot(x0, next.ref)), 1);
    return [next.ref, classesThere, normsOf(next)];
  };
}

async function attackBatch(
  backend: JaxBackend,
  start: Start,
  step: Step,
  x0: JaxArray,
): Promise<AttackOutcome[]> {
  const [own, faces] = start(x0.ref) as [JaxArray, JaxArray];
  const originals = await dataOf(own);
  let batch: Batch = { x0, r: backend.jax.numpy.zerosLike(x0.ref), faces };
  let rows = originals.map((_, index) => index); // which image each row is
  const outcomes: AttackOutcome[] = [];
  const isOpen = (index: number): boolean => outcomes[index] === undefined;
  for (let steps = 1; rows.some(isOpen); steps++) {
    const [r, there, lengths] = step(batch.x0.ref, batch.r, batch.faces.ref);
    batch = { ...batch, r: r! };
    const [classes, norms] = [await dataOf(there!), await dataOf(lengths!)];
    rows.forEach((index, row) => {
      if (!isOpen(index) || (classes[row] === originals[index] && steps < MAX_STEPS)) return;
      const l2 = (1 + OVERSHOOT) * norms[row]!;
      outcomes[index] = { adversarial: classes[row]!, steps, l2 };
    });
    const open = [...rows.keys()].filter((row) => isOpen(rows[row]!));
    if (open.length === 0 || 2 * open.length > rows.length) continue;
    const size = 2 ** Math.ceil(Math.log2(open.length));
    const kept = Array.from({ length: size }, (_, i) => open[i] ?? open[0]!);
    batch = keepRows(backend, batch, kept);
    rows = kept.map((row) => rows[row]!);
  }
  for (const array of Object.values(batch) as JaxArray[]) array.dispose();
  return outcomes;
}

const dataOf = async (array: JaxArray): Promise<number[]> =>
  Array.from((await awaitGpu(array.data())) as Float32Array);

function keepRows({ jax }: JaxBackend, { x0, r, faces }: Batch, rows: readonly number[]): Batch {
  const take = (all: JaxArray): JaxArray => {
    const index = jax.numpy.array(Int32Array.from(rows));
    return jax.numpy.take(all, index, 0);
  };
  return { x0: take(x0), r: take(r), faces: take(faces) };
}
