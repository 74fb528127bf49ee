// What figures 2 to 5 begin with: a network, the first test image it is attacked on, its linearisation there, and
// the plane through the image that the normals of the two nearest faces span.
import { join } from 'node:path';
import { loadModel, type Model } from '../api/model.ts';
import { requireSize, type AttackImage } from '../attack/record.ts';
import { openDataset } from '../data/dataset.ts';
import type { ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import {
  gridOver,
  minus,
  norm,
  Plane,
  type Grid,
  type LinearFunction,
  type Window,
} from './plane.ts';
import { classOf, Probe, type Linearization, type Point } from './probe.ts';

export const FIGURE_NETWORK = 'lenet-mnist';
const IMAGE = 0;

/** The hyperplane on which a class is as large as the image's own, linearised at the image. */
export interface Face {
  readonly k: number;
  /** w_k − w_k0 */
  readonly normal: Point;
  /** |f_k − f_k0| / ‖w_k − w_k0‖₂ */
  readonly distance: number;
}

export interface Slice {
  readonly network: Network;
  readonly model: Model;
  readonly image: AttackImage;
  readonly probe: Probe;
  readonly here: Linearization;
  /** k̂(x0) */
  readonly own: number;
  /** The nearest first. */
  readonly faces: readonly [Face, Face, ...Face[]];
  readonly plane: Plane;
  readonly nameOf: (k: number) => string;
}

/** Opens the slice for a figure, and closes it behind. Throws ShapeError when the image does not fit the network. */
export async function withSlice(
  { networks, models, data, device }: ExperimentContext,
  use: (slice: Slice) => Promise<void>,
): Promise<void> {
  const [network] = networks as readonly [Network];
  const model = await loadModel(join(models, `${network.model}.onnx`));
  const dataset = await openDataset(join(data, network.data));
  const image = await dataset.load(IMAGE);
  const { channels, height, width } = model.inputShape;
  requireSize(image, [channels, height, width]);
  const probe = await Probe.open(device, model);
  try {
    const here = await probe.linearize(image.pixels);
    const own = classOf(here.logits);
    const faces = facesOf(here, own);
    const plane = Plane.through(image.pixels, faces[0].normal, faces[1].normal);
    const nameOf = (k: number): string => dataset.classNames?.[k] ?? String(k);
    await use({ network, model, image, probe, here, own, faces, plane, nameOf });
  } finally {
    probe.dispose();
  }
}

/** The faces of the polyhedron that the linearised classes make of the own one's region, nearest first. */
function facesOf({ logits, gradients }: Linearization, own: number): Slice['faces'] {
  const others = [...logits.keys()].filter((k) => k !== own);
  const faces = others.map((k) => {
    const normal = minus(gradients[k]!, gradients[own]!);
    return { k, normal, distance: Math.abs(logits[k]! - logits[own]!) / norm(normal) };
  });
  const [first, second, ...rest] = faces.sort((a, b) => a.distance - b.distance);
  return [first!, second!, ...rest];
}

export const NO_SEEDS = 'none: nothing is drawn at random';

export const nameOfImage = ({ image }: Slice): string => `test image ${image.index}`;

export function settingsOf(slice: Slice): Record<string, string> {
  const { network, own, nameOf } = slice;
  return { network: network.name, image: nameOfImage(slice), class: nameOf(own) };
}

/** Points across a window of the picture. */
const COLUMNS = 150;

/** The network's logits over a window of a plane. */
export async function sampleLogits(
  { probe, plane }: Pick<Slice, 'probe' | 'plane'>,
  window: Window,
): Promise<Grid<readonly number[]>> {
  const grid = gridOver(window, COLUMNS);
  const points = grid.values.map(([s, t]) => plane.at(s, t));
  return { ...grid, values: await probe.logits(points) };
}

/** The linearised logits over a window of a plane. */
export function linearLogits(
  functions: readonly LinearFunction[],
  window: Window,
): Grid<readonly number[]> {
  const grid = gridOver(window, COLUMNS);
  const logitsAt = ([s, t]: readonly [number, number]): number[] =>
    functions.map(({ value, slope }) => value + slope[0] * s + slope[1] * t);
  return { ...grid, values: grid.values.map(logitsAt) };
}

/** f_k − f_own as a linear function. */
export function differenceOf(
  functions: readonly LinearFunction[],
  k: number,
  own: number,
): LinearFunction {
  const [a, b] = [functions[k]!, functions[own]!];
  const slope = [a.slope[0] - b.slope[0], a.slope[1] - b.slope[1]] as const;
  return { value: a.value - b.value, slope };
}

/** f_k − f_own over a window. */
export function differences(
  { values, ...grid }: Grid<readonly number[]>,
  k: number,
  own: number,
): Grid<number> {
  return { ...grid, values: values.map((logits) => logits[k]! - logits[own]!) };
}
