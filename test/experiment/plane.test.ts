import { expect, it } from 'vitest';
import { endsOf } from '../../src-ts/experiment/plane-chart.ts';
import { dot, gridOver, minus, norm, Plane } from '../../src-ts/experiment/plane.ts';
import { randomTensor } from '../reference/random.ts';

const SIZE = 24;
const [x0, first, second, elsewhere] = Array.from({ length: 4 }, (_, k) =>
  Float32Array.from(randomTensor([SIZE], 71 + k).data),
) as [Float32Array, Float32Array, Float32Array, Float32Array];

it('distances on a plane are those of image space, and points fall where they came from', () => {
  const plane = Plane.through(x0, first, second);
  const a = plane.at(0.3, -1.2);
  const b = plane.at(-0.5, 0.4);
  expect(norm(minus(a, b))).toBeCloseTo(Math.hypot(0.8, 1.6), 5);
  const found = plane.project(a);
  expect(found.s).toBeCloseTo(0.3, 5);
  expect(found.t).toBeCloseTo(-1.2, 5);
  expect(found.off).toBeLessThan(1e-3);
  expect(plane.project(x0)).toEqual({ s: 0, t: 0, off: 0 });
});

it('holds the directions that span it, the first along s, and tells how far off a point is', () => {
  const plane = Plane.through(x0, first, second);
  const along = plane.project(x0.map((value, i) => value + first[i]!));
  expect(along.s).toBeCloseTo(norm(first), 5);
  expect(along.t).toBeCloseTo(0, 5);
  const other = plane.project(x0.map((value, i) => value + second[i]!));
  expect(other.t).toBeGreaterThan(0);
  expect(other.off).toBeLessThan(2e-3);
  const { s, t, off } = plane.project(elsewhere);
  expect(s ** 2 + t ** 2 + off ** 2).toBeCloseTo(norm(minus(elsewhere, x0)) ** 2, 4);
  expect(() => Plane.through(x0, first, first)).toThrow('a plane needs two directions');
});

it('restricts linear functions to itself', () => {
  const plane = Plane.through(x0, first, second);
  const at = plane.at(0.7, 0.2); // linearised elsewhere than at the origin
  const gradients = [first, second];
  const [f, g] = plane.restrict({ at, logits: [2, -1], gradients });
  for (const [s, t] of [
    [0, 0],
    [1.5, -0.5],
  ] as const) {
    const r = minus(plane.at(s, t), at);
    expect(f!.value + f!.slope[0] * s + f!.slope[1] * t).toBeCloseTo(2 + dot(first, r), 4);
    expect(g!.value + g!.slope[0] * s + g!.slope[1] * t).toBeCloseTo(-1 + dot(second, r), 4);
  }
});

it('a grid covers its window and a little more, row by row from below', () => {
  const { window, width, height, values } = gridOver({ s: [0, 4], t: [-1, 1] }, 40);
  expect([width, height]).toEqual([40, 20]);
  expect(window.s[0]).toBeLessThan(0);
  expect(window.t[1]).toBeGreaterThan(1);
  const [s, t] = values[0]!;
  expect(s).toBeLessThan(0.1);
  expect(t).toBeLessThan(-0.95);
  expect(values[1]![1]).toBe(t);
  expect(values.at(-1)![1]).toBeGreaterThan(0.95);
});

it('a line crosses the window where it is zero, or not at all', () => {
  const window = { s: [-1, 1], t: [-1, 1] } as const;
  expect(endsOf({ value: -0.5, slope: [1, 0] }, window)).toEqual({
    s1: 0.5,
    t1: -1,
    s2: 0.5,
    t2: 1,
  });
  expect(endsOf({ value: 5, slope: [1, 1] }, window)).toBeNull();
});
