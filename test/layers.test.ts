// Imports point down only. The table below is the truth that ARCHITECTURE.md shows: for each folder of
// src-ts, the folders it may import besides itself. Every import is resolved, those of types and
// dynamic ones included, and no file may sit on a cycle.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

/** Folder → folders it may import. A folder within a folder has rules of its own where it is named. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  graph: ['core'],
  kernels: ['core', 'graph'], // of the graph only the ids of values
  ops: ['core', 'graph', 'kernels'],
  passes: ['core', 'graph', 'ops'],
  autodiff: ['core', 'graph', 'ops'],
  'onnx/proto': ['core'],
  onnx: ['core', 'graph', 'ops', 'passes', 'onnx/proto'],
  executor: ['core', 'graph'], // the interface
  'executor/webgpu': ['core', 'graph', 'ops', 'kernels', 'executor'],
  attack: ['core', 'graph', 'ops', 'autodiff', 'executor'],
  data: ['core'],
  networks: ['core', 'graph', 'ops', 'passes'],
  train: ['core', 'graph', 'ops', 'passes', 'autodiff', 'executor', 'data'],
  report: ['core', 'data'],
  api: allBut('api', 'experiment', 'cli'),
  experiment: allBut('experiment', 'cli'),
  cli: allBut('cli'),
};

const ROOT = join(import.meta.dirname, '../src-ts');

/** Stands for every folder but those named. */
function allBut(...names: readonly string[]): readonly string[] {
  return ['*', ...names];
}

interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** The relative imports of a TypeScript text: static, of types, for effects, dynamic, re-exports. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const forms = [/\bfrom\s+'(\.[^']*)'/g, /\bimport\s+'(\.[^']*)'/g, /\bimport\(\s*'(\.[^']*)'/g];
  return forms.flatMap((form) => [...code.matchAll(form)].map(([, path]) => path!));
}

/** The rule a file falls under: its deepest folder that has one; the package's index is `api`. */
function layerOf(file: string): string | null {
  const folders = file.split('/').slice(0, -1);
  if (folders.length === 0) return 'api';
  for (let depth = folders.length; depth > 0; depth--) {
    const name = folders.slice(0, depth).join('/');
    if (name in LAYERS) return name;
  }
  return null;
}

function isAllowed({ from, to }: Arrow): boolean {
  const [below, above] = [layerOf(to), layerOf(from)];
  if (below === null || above === null) return false;
  if (below === above) return true;
  const allowed = LAYERS[above]!;
  return allowed[0] === '*' ? !allowed.includes(below) : allowed.includes(below);
}

/** A cycle among the arrows, as the files it runs through; null when there is none. */
function findCycle(arrows: readonly Arrow[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to]);
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return null;
    for (const to of next.get(file) ?? []) {
      const cycle = visit(to, [...path, file]);
      if (cycle !== null) return cycle;
    }
    finished.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const arrows: Arrow[] = files.flatMap((from) =>
  importsOf(readFileSync(join(ROOT, from), 'utf8')).map((path) => ({
    from,
    to: relative(ROOT, join(ROOT, dirname(from), path)),
  })),
);
const format = ({ from, to }: Arrow): string => `${from} → ${to}`;

it('every folder of src-ts has a place in the table', () => {
  expect(files.filter((file) => layerOf(file) === null)).toEqual([]);
});

it('every import leads to a file of src-ts', () => {
  expect(arrows.length).toBeGreaterThan(200);
  expect(arrows.filter(({ to }) => !existsSync(join(ROOT, to))).map(format)).toEqual([]);
});

it('every import points down', () => {
  expect(arrows.filter((arrow) => !isAllowed(arrow)).map(format)).toEqual([]);
});

it('no file sits on an import cycle', () => {
  expect(findCycle(arrows)).toBeNull();
});

it('arrows that point up, lead aside or run in a circle are found', () => {
  const up = (from: string, to: string): boolean => !isAllowed({ from, to });
  expect(up('core/shape.ts', 'graph/graph.ts')).toBe(true);
  expect(up('attack/step.ts', 'executor/webgpu/plan.ts')).toBe(true);
  expect(up('attack/step.ts', 'executor/executor.ts')).toBe(false);
  expect(up('onnx/proto/decode.ts', 'graph/graph.ts')).toBe(true);
  expect(up('api/model.ts', 'cli/main.ts')).toBe(true);
  expect(up('cli/main.ts', 'api/model.ts')).toBe(false);
  expect(layerOf('utils/strings.ts')).toBeNull();
  const circle = [
    { from: 'a.ts', to: 'b.ts' },
    { from: 'b.ts', to: 'c.ts' },
    { from: 'c.ts', to: 'b.ts' },
  ];
  expect(findCycle(circle)).toEqual(['b.ts', 'c.ts', 'b.ts']);
  const text =
    "import type { A } from './a.ts';\nexport * from '../b.ts';\nawait import('./c.ts');";
  expect(importsOf(`${text}\n// from './no.ts'\nimport './d.ts';`)).toEqual([
    './a.ts',
    '../b.ts',
    './d.ts',
    './c.ts',
  ]);
});
