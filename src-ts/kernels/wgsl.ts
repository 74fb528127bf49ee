// From a WGSL file to the text of one pipeline, and what the text says of its own interface.
//
// Files are plain WGSL with working defaults. Four things are done to them: `//#import` pastes a
// file in; `const NAME = …;` lines take new values; one-line `fn` slots take new bodies; and
//     //#unroll I 0..COUNT
//       var sum_I = x[I];
//     //#end
// repeats its lines with `I` as the number and `_I` as part of a name, because accumulators must be
// named variables: indexed private arrays cost 2 to 5 times as much where they are not promoted to
// registers. Unprocessed, such a file still compiles, as the kernel of tile size one, since it
// declares `const I = 0u;`.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { InternalError } from '../core/errors.ts';
import type { KernelCall } from './kernel.ts';

const SHADERS = new URL('../../shaders/', import.meta.url);
const sources = new Map<string, string>();

/** The text of a file under `shaders/`, imports pasted in, each once. */
export function readShader(file: string): string {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const text = pasteImports(file, new Set());
  sources.set(file, text);
  return text;
}

/** A hash of all files under `shaders/`: whether two programs have the same kernels. */
export function hashShaders(): string {
  const hash = createHash('sha256');
  const names = readdirSync(SHADERS, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => each.endsWith('.wgsl')).sort()) {
    hash.update(name).update(readFileSync(new URL(name, SHADERS)));
  }
  return hash.digest('hex').slice(0, 8);
}

function pasteImports(file: string, seen: Set<string>): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const text = readFileSync(new URL(file, SHADERS), 'utf8');
  return text.replace(/^\/\/#import (\S+)$/gm, (_, path: string) => pasteImports(path, seen));
}

/** The WGSL of one call: constants and slots set, loops unrolled. */
export function specializeShader(call: Pick<KernelCall, 'kernel' | 'constants' | 'slots'>): string {
  const { file } = call.kernel;
  let text = readShader(file);
  for (const [name, value] of Object.entries(call.constants)) {
    const line = new RegExp(`^(const ${name}(?:: \\w+)? = )[^;]+;`, 'm');
    if (!line.test(text)) throw new InternalError(`${file} has no constant ${name}`);
    text = text.replace(line, (_, head: string) => `${head}${literal(value)};`);
  }
  for (const [name, body] of Object.entries(call.slots)) {
    const line = new RegExp(`^(fn ${name}\\(.*?\\) -> \\w+ \\{ return ).*; \\}`, 'm');
    if (!line.test(text)) throw new InternalError(`${file} has no slot ${name}`);
    text = text.replace(line, (_, head: string) => `${head}${body}; }`);
  }
  return unrollShader(text);
}

const literal = (value: number | boolean): string =>
  typeof value === 'boolean' ? String(value) : `${value}u`;

/** The text with its `//#unroll` loops written out. */
export function unrollShader(text: string): string {
  return unroll(text, readConstants(text));
}

function readConstants(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, name, expression] of text.matchAll(/^const (\w+)(?:: u32)? = ([^;]+);/gm)) {
    const value = evaluateCount(expression!, found);
    if (value !== null) found.set(name!, value);
  }
  return found;
}

/** A product or quotient of numbers and constants, as unroll bounds are; null for anything else. */
function evaluateCount(expression: string, constants: ReadonlyMap<string, number>): number | null {
  const tokens = expression.trim().split(/\s*([*/+-])\s*/);
  const term = (token: string): number | null => {
    const number = /^(\d+)u?$/.exec(token);
    if (number !== null) return Number(number[1]);
    return constants.get(token) ?? null;
  };
  let value = term(tokens[0]!);
  for (let at = 1; at < tokens.length && value !== null; at += 2) {
    const right = term(tokens[at + 1]!);
    if (right === null) return null;
    if (tokens[at] === '*') value *= right;
    else if (tokens[at] === '/') value = Math.floor(value / right);
    else value += tokens[at] === '+' ? right : -right;
  }
  return value;
}

function unroll(text: string, constants: ReadonlyMap<string, number>): string {
  const out: string[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const head = /^\s*\/\/#unroll (\w+) (.+?)\.\.(.+)$/.exec(lines[at]!);
    if (head === null) {
      out.push(lines[at]!);
      continue;
    }
    const end = matchingEnd(lines, at);
    const [, name, from, to] = head;
    const first = evaluateCount(from!, constants);
    const last = evaluateCount(to!, constants);
    if (first === null || last === null) throw new InternalError(`cannot unroll: ${lines[at]!}`);
    const body = lines.slice(at + 1, end).join('\n');
    for (let i = first; i < last; i++) {
      out.push(unroll(substitute(body, name!, i), new Map([...constants, [name!, i]])));
    }
    at = end;
  }
  return out.join('\n');
}

function substitute(body: string, name: string, index: number): string {
  const inName = new RegExp(`_${name}(?![a-zA-Z0-9])`, 'g');
  const alone = new RegExp(`\\b${name}\\b`, 'g');
  const bound = new RegExp(`^(\\s*//#unroll .*)$`, 'gm');
  // Bounds of inner loops may name the outer index; they are evaluated, so they take a bare number.
  return body
    .replace(bound, (line) => line.replace(alone, String(index)))
    .replace(inName, `_${index}`)
    .replace(alone, `${index}u`);
}

function matchingEnd(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    if (/^\s*\/\/#unroll /.test(lines[at]!)) depth++;
    if (/^\s*\/\/#end\b/.test(lines[at]!) && --depth === 0) return at;
  }
  throw new InternalError(`//#unroll without //#end: ${lines[start]!}`);
}

export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
  /** Byte offset in the uniform buffer. */
  readonly offset: number;
  /** Elements of an `array<vec4u, n>` field, counted as u32; 1 for scalars. */
  readonly length: number;
}

export interface StorageBinding {
  readonly name: string;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
}

export interface ShaderInterface {
  readonly params: readonly ParamField[];
  readonly paramBytes: number;
  readonly storage: readonly StorageBinding[];
}

const interfaces = new Map<string, ShaderInterface>();

/** What a file declares: fields of `struct Params` and storage buffers. */
export function shaderInterface(file: string): ShaderInterface {
  const known = interfaces.get(file);
  if (known !== undefined) return known;
  const text = readShader(file);
  const struct = /^struct Params \{([^}]*)\}/m.exec(text);
  if (struct === null) throw new InternalError(`${file} declares no struct Params`);
  const { fields, size } = layoutParams(struct[1]!, file);
  const storage = [
    ...text.matchAll(/@binding\((\d+)\) var<storage, (read|read_write)> (\w+):/g),
  ].map(([, binding, access, name]) => ({
    name: name!,
    binding: Number(binding),
    access: access as 'read' | 'read_write',
  }));
  const result = { params: fields, paramBytes: size, storage };
  interfaces.set(file, result);
  return result;
}

function layoutParams(body: string, file: string): { fields: ParamField[]; size: number } {
  const fields: ParamField[] = [];
  let offset = 0;
  for (const [, name, type] of body.matchAll(/^\s*(\w+)\s*:\s*([^\n]*?),?\s*(?:\/\/.*)?$/gm)) {
    const array = /^array<vec4u, (\d+)>$/.exec(type!);
    if (array !== null) {
      offset = Math.ceil(offset / 16) * 16;
      const length = 4 * Number(array[1]);
      fields.push({ name: name!, type: 'u32', offset, length });
      offset += 4 * length;
    } else if (type === 'u32' || type === 'i32' || type === 'f32') {
      fields.push({ name: name!, type, offset, length: 1 });
      offset += 4;
    } else throw new InternalError(`${file}: Params field ${name!} has type ${type!}`);
  }
  return { fields, size: Math.ceil(offset / 16) * 16 };
}
