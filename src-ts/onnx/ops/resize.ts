// Resizing. Each output along an axis is a weighted sum of inputs with weights known now, so linear and
// cubic resizing are products with one constant matrix per axis, and nearest picks by constant indices.
// Weights are those of the ONNX reference: resize-weights.ts.
import { formatShape, type Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { constantValue, type Value } from '../value.ts';
import { tensor } from '../../core/tensor.ts';
import { axesFrom, reshapeTo } from './compose.ts';
import { mergedDim, permuted, pickAlong } from './picking.ts';
import {
  nearestIndex,
  sourceCoordinates,
  weightMatrix,
  type AxisResize,
  type Interpolation,
} from './resize-weights.ts';

/** An axis that changes. */
interface Axis extends AxisResize {
  readonly axis: number;
}

const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
  'tf_half_pixel_for_nn',
] as const;

const NEAREST = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

export const Resize = defineRule(
  ['X', 'roi_or_scales?', 'scales?', 'sizes?'],
  {
    antialias: 'int',
    axes: 'ints',
    coordinate_transformation_mode: 'string',
    cubic_coeff_a: 'float',
    exclude_outside: 'int',
    extrapolation_value: 'float',
    keep_aspect_ratio_policy: 'string',
    mode: 'string',
    nearest_mode: 'string',
  },
  ({ X, roi_or_scales, scales: given, sizes }, attributes, at) => {
    // Before opset 11 there is no region: the second input holds the scales, floors are taken.
    const old = at.opset < 11;
    const roi = old ? undefined : roi_or_scales;
    const scales = old ? roi_or_scales : given;
    const {
      antialias = 0,
      coordinate_transformation_mode = old ? 'asymmetric' : 'half_pixel',
      cubic_coeff_a = -0.75,
      exclude_outside = 0,
      extrapolation_value = 0,
      keep_aspect_ratio_policy = 'stretch',
      mode = 'nearest',
      nearest_mode = old ? 'floor' : 'round_prefer_floor',
    } = attributes;
    const coordinates = oneOf(COORDINATES, coordinate_transformation_mode, 'mode', at);
    const rounding = oneOf(NEAREST, nearest_mode, 'nearest_mode', at);
    const rank = X.type.shape.length;
    const named = attributes.axes?.map((axis) => at.axis(axis, rank)) ?? axesFrom(0, rank);
    const targets = sizesFrom(X.type.shape, named, scales, sizes, keep_aspect_ratio_policy, at);
    const region = regionOf(roi, coordinates, named.length, at);
    const axes = targets.flatMap(({ axis, size, scale }, i): Axis[] => {
      const from = X.type.shape[axis]!;
      const cropped = coordinates === 'tf_crop_and_resize' && region[i]!.join() !== '0,1';
      if (typeof from !== 'number' || (scale === 1 && size === from && !cropped)) return [];
      return [{ axis, from, to: size, scale, coordinates, region: region[i]! }];
    });
    switch (mode) {
      case 'nearest':
        return axes.reduce((x, axis) => nearestAlong(x, axis, rounding, at), X);
      case 'linear':
      case 'cubic': {
        const interpolation: Interpolation = {
          kernel: mode,
          cubicA: cubic_coeff_a,
          excludeOutside: exclude_outside !== 0,
          antialias: antialias !== 0,
        };
        return interpolated(X, axes, interpolation, extrapolation_value, at);
      }
      default:
        return at.refuse(`mode "${mode}"`);
    }
  },
);

/** Resizing by scales alone, without choices: the corner of each pixel, rounded down. */
export const Upsample = defineRule(
  ['X', 'scales?'],
  { mode: 'string', scales: 'floats', height_scale: 'float', width_scale: 'float' },
  ({ X, scales }, { mode = 'nearest', scales: listed, height_scale, width_scale }, at) => {
    const { shape } = X.type;
    const factors =
      scales === undefined
        ? (listed ?? [1, 1, height_scale ?? 1, width_scale ?? 1])
        : at.numbers(scales, 'scales');
    const targets = scaledSizes(shape, axesFrom(0, shape.length), factors, at);
    const axes = targets.flatMap(({ axis, size, scale }): Axis[] => {
      const from = shape[axis]!;
      if (typeof from !== 'number' || scale === 1) return [];
      return [{ axis, from, to: size, scale, coordinates: 'asymmetric', region: [0, 1] }];
    });
    if (mode === 'nearest') return axes.reduce((x, axis) => nearestAlong(x, axis, 'floor', at), X);
    if (mode !== 'linear' && mode !== 'bilinear') return at.refuse(`mode "${mode}"`);
    const linear = {
      kernel: 'linear',
      cubicA: 0,
      excludeOutside: false,
      antialias: false,
    } as const;
    return interpolated(X, axes, linear, 0, at);
  },
);

function oneOf<T extends string>(
  known: readonly T[],
  given: string,
  name: string,
  at: NodeContext,
): T {
  return known.find((each) => each === given) ?? at.refuse(`${name} "${given}"`);
}

// ---- sizes -----------------------------------------------------------------------------------

interface Target {
  readonly axis: number;
  readonly size: number;
  readonly scale: number;
}

function sizesFrom(
  shape: Shape,
  axes: readonly number[],
  scales: Value | undefined,
  sizes: Value | undefined,
  policy: string,
  at: NodeContext,
): Target[] {
  const factors = scales === undefined ? [] : at.numbers(scales, 'scales');
  if (factors.length > 0) return scaledSizes(shape, axes, factors, at);
  if (sizes === undefined) return at.fail('neither its scales nor its sizes are given');
  const wanted = at.sizes(sizes, 'sizes');
  if (wanted.length !== axes.length)
    at.fail(`${wanted.length} sizes for ${axes.length} dimensions`);
  const stretched = axes.map((axis, i): Target => {
    const [from, to] = [shape[axis]!, wanted[i]!];
    if (typeof from !== 'number') {
      const same =
        typeof to === 'number' ? to === at.batch.size * from.times : to.times === from.times;
      return same ? { axis, size: 1, scale: 1 } : at.fail('it resizes the batch');
    }
    if (typeof to !== 'number' || !(to >= 1))
      return at.fail(`dimension ${axis} is resized to no size`);
    return { axis, size: to, scale: to / from };
  });
  if (policy === 'stretch') return stretched;
  if (policy !== 'not_larger' && policy !== 'not_smaller') return at.refuse(`policy "${policy}"`);
  const factorsOf = stretched.map(({ scale }) => scale);
  const scale = policy === 'not_larger' ? Math.min(...factorsOf) : Math.max(...factorsOf);
  return stretched.map(({ axis }) => {
    const from = at.staticDim(shape, axis);
    return { axis, size: Math.floor(scale * from + 0.5), scale };
  });
}

function scaledSizes(
  shape: Shape,
  axes: readonly number[],
  scales: readonly number[],
  at: NodeContext,
): Target[] {
  if (scales.length !== axes.length || scales.some((scale) => !(scale > 0))) {
    at.fail(`scales [${scales.join(', ')}] for ${formatShape(shape)}`);
  }
  return axes.map((axis, i): Target => {
    const scale = scales[i]!;
    const from = shape[axis]!;
    if (typeof from !== 'number')
      return scale === 1 ? { axis, size: 1, scale } : at.fail('it resizes the batch');
    const size = Math.floor(from * scale);
    return size >= 1 ? { axis, size, scale } : at.fail(`dimension ${axis} is resized to no size`);
  });
}

/** Where along each axis tf_crop_and_resize reads, as parts of the axis. */
function regionOf(
  roi: Value | undefined,
  coordinates: string,
  count: number,
  at: NodeContext,
): readonly (readonly [number, number])[] {
  const whole = Array.from({ length: count }, () => [0, 1] as const);
  if (coordinates !== 'tf_crop_and_resize') return whole;
  if (roi === undefined) return at.fail('its region is missing');
  const numbers = at.numbers(roi, 'region');
  if (numbers.length !== 2 * count) at.fail(`a region of ${numbers.length} numbers`);
  return whole.map((_, i) => [numbers[i]!, numbers[i + count]!] as const);
}

// ---- values ----------------------------------------------------------------------------------

function nearestAlong(
  x: Value,
  resize: Axis,
  rounding: (typeof NEAREST)[number],
  at: NodeContext,
): Value {
  at.reserve([resize.to]);
  const picked = sourceCoordinates(resize).map((source) =>
    nearestIndex(source, resize.from, rounding),
  );
  return pickAlong(x, resize.axis, picked, at);
}

/** Products with one matrix per axis; where a crop reaches beyond the image, a value instead. */
function interpolated(
  x: Value,
  axes: readonly Axis[],
  interpolation: Interpolation,
  outsideValue: number,
  at: NodeContext,
): Value {
  const resized = axes.reduce((value, axis) => multiplyAlong(value, axis, interpolation, at), x);
  const cropped = axes.filter(({ coordinates }) => coordinates === 'tf_crop_and_resize');
  return cropped.reduce((value, resize) => {
    const outside = sourceCoordinates(resize).map(
      (source) => source < 0 || source > resize.from - 1,
    );
    if (!outside.includes(true)) return value;
    const form = value.type.shape.map((_, axis) => (axis === resize.axis ? resize.to : 1));
    const condition = constantValue(tensor('bool', form, Int32Array.from(outside, Number)));
    return at.emit('where', { condition, a: at.number(outsideValue), b: value }, {});
  }, resized);
}

function multiplyAlong(
  x: Value,
  resize: Axis,
  interpolation: Interpolation,
  at: NodeContext,
): Value {
  const { axis, from, to } = resize;
  at.reserve([to, from]);
  const matrix = at.floats([to, from], weightMatrix(resize, interpolation));
  const { shape } = x.type;
  const plain = { transposeA: false, transposeB: false };
  if (axis === shape.length - 1) {
    return at.emit('matmul', { a: x, b: matrix }, { ...plain, transposeB: true });
  }
  const inner = shape.slice(axis + 1);
  if (inner.some((dim) => typeof dim !== 'number') || shape.length > 6) {
    // The batch lies behind: the axis goes to the end and comes back.
    const perm = [...axesFrom(0, shape.length).filter((other) => other !== axis), axis];
    const back = perm.map((_, place) => perm.indexOf(place));
    const last = { ...resize, axis: shape.length - 1 };
    return permuted(multiplyAlong(permuted(x, perm, at), last, interpolation, at), back, at);
  }
  const flat = reshapeTo(x, [...shape.slice(0, axis + 1), mergedDim(inner, at)], at);
  const product = at.emit('matmul', { a: matrix, b: flat }, plain);
  return reshapeTo(product, shape.with(axis, to), at);
}
