// What specialisation does to a WGSL text, on literal texts; and every kernel declaration held to its
// file.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { InternalError } from '../../src-ts/core/errors.ts';
import type { defineKernel } from '../../src-ts/kernels/kernel.ts';
import {
  callKernel,
  formatCallName,
  NO_BUFFER,
  type KernelDeclaration,
} from '../../src-ts/kernels/kernel.ts';
import { readShader, shaderInterface, specializeShader } from '../../src-ts/kernels/wgsl.ts';

const declared = vi.hoisted(() => [] as KernelDeclaration[]);
vi.mock('../../src-ts/kernels/kernel.ts', async (original) => {
  const real = await original<{ defineKernel: typeof defineKernel }>();
  const record = (declaration: KernelDeclaration): KernelDeclaration => {
    declared.push(declaration);
    return declaration;
  };
  return { ...real, defineKernel: record };
});
await import('../../src-ts/ops/index.ts');

const SHADERS = join(import.meta.dirname, '../../shaders');
const SOURCES = join(import.meta.dirname, '../../src-ts');

// ---- literal texts -----------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), 'wgsl-'));
let written = 0;
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a text where the reader of shaders finds it. */
function shaderOf(text: string): string {
  const path = join(folder, `${written++}.wgsl`);
  writeFileSync(path, text);
  return relative(SHADERS, path);
}

function specialize(
  text: string,
  constants: Record<string, number | boolean> = {},
  slots: Record<string, string> = {},
): string {
  const kernel = {
    file: shaderOf(text),
    constants: Object.keys(constants),
    slots: Object.keys(slots),
    buffers: [],
    params: [],
  };
  return specializeShader({ kernel, constants, slots });
}

describe('constants', () => {
  it('take numbers as u32 and flags as bool', () => {
    const text = 'const TILE = 1u;\nconst SIZE: u32 = 2u; // why\nconst CHECK = false;';
    expect(specialize(text, { TILE: 8, SIZE: 3, CHECK: true })).toBe(
      'const TILE = 8u;\nconst SIZE: u32 = 3u; // why\nconst CHECK = true;',
    );
  });

  it('keep their defaults when not set', () => {
    expect(specialize('const TILE = 1u;')).toBe('const TILE = 1u;');
  });

  it('are refused when the file has none of the name', () => {
    const build = (): string => specialize('const TILE = 1u;', { TILES: 4 });
    expect(build).toThrow(InternalError);
    expect(build).toThrow(/has no constant TILES/);
  });
});

describe('slots', () => {
  const text =
    'fn epilogue(v: f32, c: u32) -> f32 { return v; }\nfn other(v: f32) -> f32 { return v; }';

  it('take an expression as their body', () => {
    expect(specialize(text, {}, { epilogue: 'select(v, 0.0, v < 0.0)' })).toBe(
      'fn epilogue(v: f32, c: u32) -> f32 { return select(v, 0.0, v < 0.0); }\n' +
        'fn other(v: f32) -> f32 { return v; }',
    );
  });

  it('take an expression with a dollar sign as it is', () => {
    expect(specialize(text, {}, { other: '$& + $1' })).toContain('{ return $& + $1; }');
  });

  it('are refused when the file has none of the name', () => {
    expect(() => specialize(text, {}, { prologue: 'v' })).toThrow(/has no slot prologue/);
  });
});

describe('the unroll directive', () => {
  it('repeats its lines with the number alone and in names', () => {
    const text = [
      'const COUNT = 1u;',
      'const I = 0u;',
      '//#unroll I 0..COUNT',
      'var sum_I = x[I] + sum_Items;',
      '//#end',
      'return sum_0;',
    ].join('\n');
    expect(specialize(text, { COUNT: 3 })).toBe(
      [
        'const COUNT = 3u;',
        'const I = 0u;',
        'var sum_0 = x[0u] + sum_Items;',
        'var sum_1 = x[1u] + sum_Items;',
        'var sum_2 = x[2u] + sum_Items;',
        'return sum_0;',
      ].join('\n'),
    );
  });

  it('nests, and inner bounds may name the outer index', () => {
    const text = [
      '//#unroll I 0..2',
      '  //#unroll J I..2',
      '  sum_I_J += a_I * b_J;',
      '  //#end',
      '//#end',
    ].join('\n');
    expect(specialize(text)).toBe(
      ['  sum_0_0 += a_0 * b_0;', '  sum_0_1 += a_0 * b_1;', '  sum_1_1 += a_1 * b_1;'].join('\n'),
    );
  });

  it('counts to products, quotients, sums and differences of constants', () => {
    const body = (bound: string): number =>
      specialize(`const A = 6u;\nconst B = A / 2u;\n//#unroll K 0..${bound}\nrow\n//#end`).split(
        'row',
      ).length - 1;
    expect([
      body('A'),
      body('B'),
      body('A * B'),
      body('A / 4'),
      body('A - B'),
      body('A + 1'),
    ]).toEqual([6, 3, 18, 1, 3, 7]);
  });

  it('is refused with a bound that is no number', () => {
    expect(() => specialize('//#unroll I 0..MANY\nx\n//#end')).toThrow(
      /cannot unroll: \/\/#unroll I 0\.\.MANY/,
    );
  });

  it('is refused without an end', () => {
    expect(() => specialize('//#unroll I 0..2\nx')).toThrow(/#unroll without \/\/#end/);
  });
});

describe('what a text says of itself', () => {
  it('gives parameters their offsets, and arrays their alignment', () => {
    const file = shaderOf(
      [
        'struct Params {',
        '  unit: u32, // per row',
        '  shift: i32,',
        '  scale: f32,',
        '  more: u32,',
        '  last: u32,',
        '  q: array<vec4u, 2>,',
        '}',
        '@group(0) @binding(2) var<storage, read> x: array<f32>;',
        '@group(0) @binding(3) var<storage, read_write> y: array<f32>;',
      ].join('\n'),
    );
    expect(shaderInterface(file)).toEqual({
      params: [
        { name: 'unit', type: 'u32', offset: 0, length: 1 },
        { name: 'shift', type: 'i32', offset: 4, length: 1 },
        { name: 'scale', type: 'f32', offset: 8, length: 1 },
        { name: 'more', type: 'u32', offset: 12, length: 1 },
        { name: 'last', type: 'u32', offset: 16, length: 1 },
        { name: 'q', type: 'u32', offset: 32, length: 8 },
      ],
      paramBytes: 64,
      storage: [
        { name: 'x', binding: 2, access: 'read' },
        { name: 'y', binding: 3, access: 'read_write' },
      ],
    });
  });

  it('is refused without Params, and with a field the host cannot write', () => {
    expect(() => shaderInterface(shaderOf('fn f() {}'))).toThrow(/declares no struct Params/);
    const file = shaderOf('struct Params {\n  size: vec2u,\n}');
    expect(() => shaderInterface(file)).toThrow(/Params field size has type vec2u/);
  });

  it('an import is pasted in once', () => {
    const text = readShader('pointwise/pointwise.wgsl');
    expect(text).not.toContain('//#import');
    expect(text.match(/fn group_index/g)).toHaveLength(1);
  });
});

it('a call is named after its file and constants', () => {
  const kernel = {
    file: 'matmul/matmul_tiled.wgsl',
    constants: ['TILE_M', 'TILE_N'],
    slots: [],
    buffers: ['x'],
    params: [],
  } as const;
  const work = { unit: 1, batch: null, perGroup: 64 };
  const cost = { flops: 0, over: [], moved: [] };
  const rest = { buffers: { x: NO_BUFFER }, params: {}, work, cost };
  const named = callKernel(kernel, { constants: { TILE_M: 64, TILE_N: 32 }, ...rest });
  expect(formatCallName(named)).toBe('matmul_tiled<TILE_M=64,TILE_N=32>');
  expect(formatCallName(callKernel(kernel, rest))).toBe('matmul_tiled');
});

// ---- declarations --------------------------------------------------------------------------------

const textOf = (path: string): string => readFileSync(path, 'utf8');
const filesUnder = (root: string, ending: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending));

describe('kernel declarations', () => {
  it('are all seen here', () => {
    const uses = filesUnder(SOURCES, '.ts').flatMap((file) => [
      ...textOf(join(SOURCES, file)).matchAll(/= defineKernel\(/g),
    ]);
    expect(declared).toHaveLength(uses.length);
    expect(new Set(declared.map(({ file }) => file)).size).toBe(declared.length);
  });

  it('cover every shader with an entry point', () => {
    const entries = filesUnder(SHADERS, '.wgsl').filter((file) =>
      textOf(join(SHADERS, file)).includes('@compute'),
    );
    expect(entries.sort()).toEqual(declared.map(({ file }) => file).sort());
  });

  describe.each(declared.map((kernel) => [kernel.file, kernel] as const))('%s', (file, kernel) => {
    const text = readShader(file);
    const found = shaderInterface(file);

    it('names the buffers and parameters that the text has', () => {
      expect([...kernel.buffers].sort()).toEqual(found.storage.map(({ name }) => name).sort());
      expect([...kernel.params].sort()).toEqual(found.params.map(({ name }) => name).sort());
      const bindings = [...text.matchAll(/@binding\(\d+\)/g)].length;
      expect(bindings, 'bindings 0 and 1 are the parameters and the live count').toBe(
        found.storage.length + 2,
      );
      expect(found.params[0], 'every kernel finds its work by `unit`').toMatchObject({
        name: 'unit',
        type: 'u32',
      });
    });

    it('names constants and slots that the text has, each of them in use', () => {
      for (const name of kernel.constants) {
        expect(text).toMatch(new RegExp(`^const ${name}(: \\w+)? = [^;]+;`, 'm'));
        expect(text.match(new RegExp(`\\b${name}\\b`, 'g'))!.length, name).toBeGreaterThan(1);
      }
      for (const name of kernel.slots) {
        expect(text).toMatch(new RegExp(`^fn ${name}\\(.*?\\) -> \\w+ \\{ return .*; \\}`, 'm'));
        expect(text.match(new RegExp(`\\b${name}\\(`, 'g'))!.length, name).toBeGreaterThan(1);
      }
    });

    it('leaves no unroll directive in what is compiled', () => {
      const code = specializeShader({ kernel, constants: {}, slots: {} });
      expect(code).not.toMatch(/#unroll|#end|#import/);
    });
  });
});
