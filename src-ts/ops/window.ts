// Sliding windows over the spatial axes of [N, C, …spatial]: the geometry that convolutions and pools
// share, for any number of axes. An input element i meets tap k of output o where
// i = o·stride − padBegin + k·dilation, which every op over windows reads from here.
import type { Shape, TensorType } from '../core/shape.ts';
import type { ConvGeometry, OpKind, WindowGeometry } from '../graph/op-set.ts';
import { refuse, staticRest } from './refusal.ts';

type Operands = Readonly<Record<string, TensorType | undefined>>;

/** A [N, C, …spatial] operand taken apart. */
export interface Planes {
  readonly batch: Shape[number];
  readonly channels: number;
  readonly size: readonly number[];
}

/** Takes apart operand `name`; refuses it when its rank does not fit the windows. */
export function planesOf(
  kind: OpKind,
  label: string,
  operands: Operands,
  name: string,
  geometry: WindowGeometry,
): Planes {
  const { shape } = operands[name]!;
  const rank = geometry.kernel.length;
  if (shape.length !== rank + 2) {
    const axes = `${rank} spatial ${rank === 1 ? 'axis' : 'axes'}`;
    refuse(
      kind,
      label,
      `${name} must be [N, C] and ${axes}, but has rank ${shape.length}`,
      operands,
    );
  }
  const [channels, ...size] = staticRest(kind, label, operands, name);
  return { batch: shape[0]!, channels: channels!, size };
}

/** Refuses an operand whose spatial size is not the one expected. */
export function requireSize(
  kind: OpKind,
  label: string,
  operands: Operands,
  name: string,
  came: readonly number[],
  expected: readonly number[],
): void {
  if (came.every((size, axis) => size === expected[axis])) return;
  const sizes = `${expected.join(' × ')}, not ${came.join(' × ')}`;
  refuse(kind, label, `the spatial size of ${name} must be ${sizes}`, operands);
}

export function windowOf(attrs: WindowGeometry): WindowGeometry {
  const { kernel, strides, dilations, padsBegin, outputSize } = attrs;
  return { kernel, strides, dilations, padsBegin, outputSize };
}

export function convGeometryOf(attrs: ConvGeometry): ConvGeometry {
  return { ...windowOf(attrs), groups: attrs.groups };
}

/**
 * All meetings of input elements and window taps, as flat spatial indices; in the order of the
 * outputs, then of the taps.
 */
export interface Meetings {
  readonly count: number;
  readonly input: Int32Array;
  readonly tap: Int32Array;
  readonly output: Int32Array;
}

type AxisMeeting = readonly [input: number, tap: number, output: number];

function axisMeetings(
  geometry: WindowGeometry,
  size: readonly number[],
  axis: number,
): AxisMeeting[] {
  const found: AxisMeeting[] = [];
  for (let output = 0; output < geometry.outputSize[axis]!; output++) {
    for (let tap = 0; tap < geometry.kernel[axis]!; tap++) {
      const start = output * geometry.strides[axis]! - geometry.padsBegin[axis]!;
      const input = start + tap * geometry.dilations[axis]!;
      if (input >= 0 && input < size[axis]!) found.push([input, tap, output]);
    }
  }
  return found;
}

export function meetingsOf(geometry: WindowGeometry, size: readonly number[]): Meetings {
  let all: AxisMeeting[] = [[0, 0, 0]];
  for (const axis of size.keys()) {
    const here = axisMeetings(geometry, size, axis);
    const [inputs, taps, outputs] = [size, geometry.kernel, geometry.outputSize].map(
      (of) => of[axis]!,
    );
    all = all.flatMap(([input, tap, output]) =>
      here.map(([i, k, o]): AxisMeeting => [
        input * inputs! + i,
        tap * taps! + k,
        output * outputs! + o,
      ]),
    );
  }
  all.sort((a, b) => a[2] - b[2] || a[1] - b[1]);
  return {
    count: all.length,
    input: Int32Array.from(all, ([input]) => input),
    tap: Int32Array.from(all, ([, tap]) => tap),
    output: Int32Array.from(all, ([, , output]) => output),
  };
}

/** What kernels know of a window: two spatial axes, the first of size 1 where there is only one. */
export interface PlaneWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number];
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

const asPlane = (values: readonly number[], missing: number): readonly [number, number] =>
  values.length === 1 ? [missing, values[0]!] : [values[0]!, values[1]!];

export function planeWindow(
  kind: OpKind,
  label: string,
  geometry: WindowGeometry,
  size: readonly number[],
): PlaneWindow {
  if (size.length > 2) {
    refuse(kind, label, `kernels know 1 and 2 spatial axes, not ${size.length}`, {});
  }
  return {
    kernel: asPlane(geometry.kernel, 1),
    strides: asPlane(geometry.strides, 1),
    dilations: asPlane(geometry.dilations, 1),
    pads: asPlane(geometry.padsBegin, 0),
    input: asPlane(size, 1),
    output: asPlane(geometry.outputSize, 1),
  };
}
