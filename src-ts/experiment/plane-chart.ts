// The marks that figures 2 to 5 are drawn of: regions and boundaries on a plane of image space, the faces of
// linearised classes, DeepFool's path, and images in the margin.
import * as Plot from '@observablehq/plot';
import { drawChart, type Chart } from '../report/chart.ts';
import type { Grid, LinearFunction, PlanePoint, Window } from './plane.ts';
import { classOf } from './probe.ts';

export const INK = '#2b2a28';
export const QUIET = '#77746d';
export const ORANGE = '#d2691e';
export const GREEN = '#1b7f5c';
/** A tint for each class besides the image's own, in turn. */
export const TINTS = ['#dbe7f3', '#f9e3cf', '#e7dcef', '#f7dede', '#e9e4d4'];
export const HOME_TINT = '#d5eadd';

export interface PlaneFigure {
  readonly title: string;
  /** What is shown, a line each. */
  readonly facts: readonly string[];
  readonly window: Window;
  readonly marks: readonly Plot.Markish[];
}

const WIDTH = 860;
const MARGIN = { left: 56, right: 24, bottom: 48 };

/** Draws a figure so that distances in it are those of image space in every direction. */
export function drawPlane({ title, facts, window, marks }: PlaneFigure): Promise<Chart> {
  const [[s0, s1], [t0, t1]] = [window.s, window.t];
  const marginTop = 56 + 17 * facts.length;
  const inner = WIDTH - MARGIN.left - MARGIN.right;
  const height = Math.round((inner * (t1 - t0)) / (s1 - s0)) + marginTop + MARGIN.bottom;
  const head = { frameAnchor: 'top-left', textAnchor: 'start', dx: -MARGIN.left + 16 } as const;
  return drawChart({
    width: WIDTH,
    height,
    marginTop,
    marginLeft: MARGIN.left,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    x: { domain: [s0, s1], label: null, ticks: 8 },
    y: { domain: [t0, t1], label: null, ticks: 6 },
    marks: [
      ...marks,
      Plot.frame({ stroke: QUIET }),
      Plot.text([title], { ...head, dy: 24 - marginTop, fontSize: 16, fontWeight: 600, fill: INK }),
      ...facts.map((fact, row) =>
        Plot.text([fact], { ...head, dy: 50 + 17 * row - marginTop, fill: QUIET }),
      ),
    ],
  });
}

/** Where each class has the largest value: a tint, and its name in the middle, away from some points. */
export function regions(
  grid: Grid<readonly number[]>,
  home: number,
  nameOf: (k: number) => string,
  taken: readonly PlanePoint[],
): Plot.Markish[] {
  const margins = classesOf(grid).map((k) => ({ k, values: grid.values.map(marginOf(k)) }));
  const others = margins.filter(({ k }) => k !== home).map(({ k }) => k);
  const tintOf = (k: number): string =>
    k === home ? HOME_TINT : TINTS[others.indexOf(k) % TINTS.length]!;
  const places = margins.map(({ k, values }) => ({
    name: nameOf(k),
    ...middleOf(grid, values, taken),
  }));
  return [
    ...margins.map(({ k, values }) => {
      const fill = { fill: tintOf(k), stroke: tintOf(k), strokeWidth: 1.5 };
      return contourAt({ ...grid, values }, [0], fill);
    }),
    Plot.text(places, { x: 's', y: 't', text: 'name', fontSize: 26, fontWeight: 600, ...FAINT }),
  ];
}

const FAINT = { fill: INK, fillOpacity: 0.3 };

/** The border of the own class's region. */
export function homeBorder(grid: Grid<readonly number[]>, home: number): Plot.Markish {
  const style = {
    stroke: GREEN,
    strokeWidth: 3,
    strokeDasharray: '1 5',
    strokeLinecap: 'round',
  } as const;
  return contourAt({ ...grid, values: grid.values.map(marginOf(home)) }, [0], style);
}

/** Level lines of a function every so much, on tints for what is below 0 and above. */
export function levels(grid: Grid<number>, every: number): Plot.Markish[] {
  const [least, most] = [Math.min(...grid.values), Math.max(...grid.values)];
  const lowest = Math.floor(least / every);
  const bands = Array.from({ length: Math.floor(most / every) - lowest + 1 }, (_, n) => lowest + n);
  return bands.map((n) => {
    const fill = n < 0 ? tint(GREEN, n / lowest) : tint(ORANGE, ((n + 1) * every) / most);
    return contourAt(grid, [n * every], { fill, stroke: '#ffffff', strokeOpacity: 0.7 });
  });
}

/** A share of a colour, at most half, on white. */
function tint(color: string, share: number): string {
  const amount = 0.06 + 0.44 * Math.min(1, share);
  const mix = (at: number): number =>
    Math.round(255 + amount * (parseInt(color.slice(at, at + 2), 16) - 255));
  return `rgb(${[1, 3, 5].map(mix).join(', ')})`;
}

/** The lines along which a value is a threshold, or with a fill the areas where it is more. */
export function contourAt(
  { window, width, height, values }: Grid<number>,
  thresholds: readonly number[],
  style: Plot.ContourOptions,
): Plot.Markish {
  return Plot.contour(values as number[], {
    ...{ width, height, x1: window.s[0], x2: window.s[1], y1: window.t[0], y2: window.t[1] },
    ...{ value: (value: number) => value, interpolate: 'none' as never, clip: true },
    thresholds: [...thresholds],
    ...style,
  });
}

/** The line where a linear function is 0, as far as the window goes. */
export function zeroLine(f: LinearFunction, window: Window, style: Plot.LinkOptions): Plot.Markish {
  const ends = endsOf(f, window);
  return Plot.link(ends === null ? [] : [ends], { ...ENDS, clip: true, ...style });
}

const ENDS = { x1: 's1', y1: 't1', x2: 's2', y2: 't2' } as const;

interface Ends {
  readonly s1: number;
  readonly t1: number;
  readonly s2: number;
  readonly t2: number;
}

/** Where the zero line meets the window's border; null when it passes by. */
export function endsOf({ value, slope }: LinearFunction, window: Window): Ends | null {
  const [a, b] = slope;
  const [[s0, s1], [t0, t1]] = [window.s, window.t];
  const crossings = [
    ...[s0, s1].map((s) => ({ s, t: -(value + a * s) / b })),
    ...[t0, t1].map((t) => ({ s: -(value + b * t) / a, t })),
  ].filter(({ s, t }) => s >= s0 && s <= s1 && t >= t0 && t <= t1);
  const [one] = crossings;
  const other = crossings.find(({ s, t }) => s !== one!.s || t !== one!.t);
  if (one === undefined || other === undefined) return null;
  return { s1: one.s, t1: one.t, s2: other.s, t2: other.t };
}

/** Steps from point to point as arrows, and the points. */
export function path(points: readonly PlanePoint[], color = INK): Plot.Markish[] {
  const steps = points.slice(1).map((to, k) => ({
    ...{ s1: points[k]!.s, t1: points[k]!.t, s2: to.s, t2: to.t },
  }));
  const arrow = { ...ENDS, stroke: color, strokeWidth: 1.8, headLength: 7, inset: 4 };
  return [
    Plot.arrow(steps, arrow),
    Plot.dot(points as PlanePoint[], { x: 's', y: 't', r: 3.6, fill: color, stroke: '#ffffff' }),
  ];
}

export interface Note {
  readonly s: number;
  readonly t: number;
  readonly text: string;
}

/** Words beside a point, over a halo so that lines do not cut them. */
export function words(notes: readonly Note[], style: Plot.TextOptions = {}): Plot.Markish[] {
  const place = { x: 's', y: 't', text: 'text', textAnchor: 'start', fontSize: 13 } as const;
  const halo = { stroke: '#ffffff', strokeWidth: 4, strokeOpacity: 0.7, fill: '#ffffff' };
  return [
    Plot.text(notes as Note[], { ...place, ...style, ...halo }),
    Plot.text(notes as Note[], { ...place, fill: INK, ...style }),
  ];
}

const DIGITS = '₀₁₂₃₄₅₆₇₈₉';

/** `f` and 12 to f₁₂. */
export function indexed(name: string, index: number): string {
  return name + String(index).replace(/\d/g, (digit) => DIGITS[Number(digit)]!);
}

function classesOf({ values }: Grid<readonly number[]>): number[] {
  const largest = values.map(classOf);
  return [...new Set(largest)].sort((a, b) => a - b);
}

/** By how much class k is ahead of the best of the others. */
function marginOf(k: number) {
  return (logits: readonly number[]): number =>
    logits[k]! - Math.max(...logits.filter((_, other) => other !== k));
}

/** Grid points between those that are looked at. */
const STRIDE = 5;

/** The middle of an area where values are positive: farthest from its border, the window's and what is taken. */
function middleOf(
  grid: Grid<unknown>,
  values: readonly number[],
  taken: readonly PlanePoint[],
): { s: number; t: number } {
  const { width, height, window } = grid;
  const inside: [x: number, y: number][] = [];
  const outside = taken.map(({ s, t }): [x: number, y: number] => [
    (width * (s - window.s[0])) / (window.s[1] - window.s[0]),
    (height * (t - window.t[0])) / (window.t[1] - window.t[0]),
  ]);
  for (let y = 0; y < height; y += STRIDE) {
    for (let x = 0; x < width; x += STRIDE) {
      (values[y * width + x]! > 0 ? inside : outside).push([x, y]);
    }
  }
  const room = ([x, y]: readonly [number, number]): number => {
    const border = Math.min(x, y, width - x, height - y);
    return outside.reduce((least, [a, b]) => Math.min(least, Math.hypot(a - x, b - y)), border);
  };
  const rooms = inside.map(room);
  const [x, y] = inside[rooms.indexOf(Math.max(...rooms))] ?? [0, 0];
  const at = ([from, to]: readonly [number, number], share: number): number =>
    from + (to - from) * share;
  return { s: at(window.s, (x + 0.5) / width), t: at(window.t, (y + 0.5) / height) };
}

/** A name at the end of each line, inside the window. */
export function faceNames(
  lines: readonly { readonly text: string; readonly line: LinearFunction }[],
  window: Window,
): Plot.Markish[] {
  const notes = lines.flatMap(({ text, line }) => {
    const ends = endsOf(line, window);
    if (ends === null) return [];
    const share = 0.04;
    const top = ends.t1 > ends.t2;
    const [s, t, s2, t2] = top
      ? [ends.s1, ends.t1, ends.s2, ends.t2]
      : [ends.s2, ends.t2, ends.s1, ends.t1];
    return [{ text, s: s + share * (s2 - s), t: t + share * (t2 - t) }];
  });
  return words(notes, { dx: 8, fill: GREEN });
}
