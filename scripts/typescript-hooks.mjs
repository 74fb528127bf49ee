// The loader behind typescript.mjs; Node runs it in a thread of its own.

import fs from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
};

/** Node's `load` hook: TypeScript files become modules, all others go the usual way. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const fileName = fileURLToPath(url);
  const text = await fs.readFile(fileName, 'utf8');
  const { outputText } = ts.transpileModule(text, { compilerOptions, fileName });
  return { format: 'module', source: outputText, shortCircuit: true };
}
