// Where each output of a resize lies among the inputs of its axis, and with what weights it reads them:
// the formulas of the ONNX specification and its reference implementation, in float64.

export interface AxisResize {
  readonly from: number;
  readonly to: number;
  /** As given: the true size `from · scale` need not be whole. */
  readonly scale: number;
  readonly coordinates:
    | 'half_pixel'
    | 'half_pixel_symmetric'
    | 'pytorch_half_pixel'
    | 'align_corners'
    | 'asymmetric'
    | 'tf_crop_and_resize'
    | 'tf_half_pixel_for_nn';
  /** For tf_crop_and_resize: where it begins and ends, as parts of the axis. */
  readonly region: readonly [number, number];
}

export interface Interpolation {
  readonly kernel: 'linear' | 'cubic';
  readonly cubicA: number;
  /** Whether inputs beyond the border count for nothing, rather than as the border's own. */
  readonly excludeOutside: boolean;
  /** Whether the kernel widens when sizes shrink. */
  readonly antialias: boolean;
}

/** The place of every output, in inputs. */
export function sourceCoordinates(resize: AxisResize): number[] {
  return Array.from({ length: resize.to }, (_, output) => sourceOf(resize, output));
}

function sourceOf({ from, to, scale, coordinates, region }: AxisResize, output: number): number {
  const size = from * scale;
  const centred = (output + 0.5) / scale - 0.5;
  switch (coordinates) {
    case 'half_pixel':
      return centred;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / size) + centred;
    case 'pytorch_half_pixel':
      return size === 1 ? -0.5 : centred;
    case 'align_corners':
      return size === 1 ? 0 : (output * (from - 1)) / (size - 1);
    case 'asymmetric':
      return output / scale;
    case 'tf_half_pixel_for_nn':
      return (output + 0.5) / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      const length = (end - start) * (from - 1);
      return start * (from - 1) + (size === 1 ? length / 2 : (output * length) / (size - 1));
    }
  }
}

/** The input nearest to a place. */
export function nearestIndex(
  source: number,
  size: number,
  rounding: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil',
): number {
  const rounded = {
    round_prefer_floor: () => Math.ceil(source - 0.5),
    round_prefer_ceil: () => Math.floor(source + 0.5),
    floor: () => Math.floor(source),
    ceil: () => Math.ceil(source),
  }[rounding]();
  return Math.min(Math.max(rounded, 0), size - 1);
}

/** The weights of all inputs for every output, row by row. */
export function weightMatrix(resize: AxisResize, interpolation: Interpolation): Float64Array {
  const { from, to } = resize;
  const matrix = new Float64Array(to * from);
  for (const [output, source] of sourceCoordinates(resize).entries()) {
    for (const { input, weight } of weightsAt(source, resize, interpolation)) {
      const inside = Math.min(Math.max(input, 0), from - 1);
      matrix[output * from + inside]! += weight;
    }
  }
  return matrix;
}

function weightsAt(
  source: number,
  { from, scale }: AxisResize,
  { kernel, cubicA, excludeOutside, antialias }: Interpolation,
): { input: number; weight: number }[] {
  const reach = kernel === 'linear' ? 1 : 2;
  const narrowing = antialias ? Math.min(scale, 1) : 1;
  const count = antialias ? -Math.floor(-reach / narrowing) : reach; // inputs on either side
  const left = Math.ceil(source) - 1; // so that a whole number reads itself from the right
  const weigh = kernel === 'linear' ? triangle : (distance: number) => cubic(distance, cubicA);
  const all = Array.from({ length: 2 * count }, (_, i) => {
    const input = left - count + 1 + i;
    const counts = !excludeOutside || (input >= 0 && input < from);
    return { input, weight: counts ? weigh(Math.abs(source - input) * narrowing) : 0 };
  });
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  if (!excludeOutside && !antialias) return all;
  return all.map(({ input, weight }) => ({ input, weight: weight / total }));
}

const triangle = (distance: number): number => Math.max(0, 1 - distance);

/** Keys' cubic convolution. */
function cubic(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance >= 2) return 0;
  return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
}
