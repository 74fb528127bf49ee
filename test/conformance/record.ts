// Results worth keeping: what OPS.md says of each operator. Recorded by `npm run conformance -- --record`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { EngineError } from '../../src-ts/core/errors.ts';
import { resolveOptions } from '../../src-ts/attack/options.ts';
import { buildStepGraph } from '../../src-ts/attack/step.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { decodeModel } from '../../src-ts/onnx/proto/decode.ts';
import { liftParameters } from '../../src-ts/passes/lift-parameters.ts';
import { createOptimizer } from '../../src-ts/train/optimizer.ts';
import { buildTrainingStep } from '../../src-ts/train/step.ts';
import { IMAGE, tinyNetwork } from '../train/tiny.ts';
import { bindCase } from './bindings.ts';
import { dataSetsOf, readDataSet, readGraph, readModel, type ConformanceCase } from './cases.ts';
import { profileGraph, type GradientKind, type Profile } from './profile.ts';
import { overall, subjectsOf } from './report.ts';
import type { CaseResult } from './run-case.ts';

export interface OperatorRecord {
  readonly passed: number;
  readonly total: number;
  /** Opsets of the cases that passed. */
  readonly opsets: readonly number[];
  /** Engine ops that the cases' graphs consist of. */
  readonly becomes: readonly string[];
  readonly gradient: readonly GradientKind[];
}

export interface ConformanceRecord {
  readonly operators: Readonly<Record<string, OperatorRecord>>;
  /** Kernels that each engine op was lowered to. */
  readonly kernels: Readonly<Record<string, readonly string[]>>;
}

const FILE = path.join(import.meta.dirname, 'results.json');
const EXAMPLE = path.join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');

export function readRecord(): ConformanceRecord {
  return JSON.parse(readFileSync(FILE, 'utf8')) as ConformanceRecord;
}

export async function writeRecord(record: ConformanceRecord): Promise<void> {
  const options = { ...(await resolveConfig(FILE)), parser: 'json' };
  writeFileSync(FILE, await format(JSON.stringify(record, null, 2), options));
}

const sorted = <T>(values: Iterable<T>): T[] => [...new Set(values)].sort();

export function makeRecord(
  cases: readonly ConformanceCase[],
  results: readonly CaseResult[],
): ConformanceRecord {
  const kernels = new Map<string, Set<string>>();
  const folders = new Map(cases.map((each) => [each.name, each]));
  const subjects = [...subjectsOf(results)].map(([subject, own]) => {
    const passed = own.filter((result) => overall(result) === 'passed');
    const told = passed.map((result) => ({
      result,
      ...profileCase(folders.get(result.name)!, kernels),
    }));
    const plain = told.filter(({ result }) => result.operators.length === 1);
    return [
      subject,
      {
        passed: passed.length,
        total: own.length,
        opsets: [...new Set(told.map(({ opset }) => opset))].sort((a, b) => a - b),
        becomes: sorted(plain.flatMap(({ kinds }) => kinds)),
        gradient: sorted(plain.flatMap(({ gradient }) => gradient ?? [])),
      },
    ] as const;
  });
  // Ops that no operator needs: the attack's own, and training's.
  profileTraining(kernels);
  const model = importOnnx(readFileSync(EXAMPLE), { name: 'example' });
  for (const norm of [1, 2, Infinity]) {
    const options = resolveOptions({ norm }, { classes: model.classes, channels: 1 });
    profileGraph(buildStepGraph(model.graph, options).graph, kernels);
  }
  const byKind = [...kernels].map(([kind, files]) => [kind, sorted(files)] as const);
  return { operators: Object.fromEntries(subjects), kernels: Object.fromEntries(byKind.sort()) };
}

function profileTraining(kernels: Map<string, Set<string>>): void {
  const source = { rows: 8, imageShape: IMAGE };
  const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 } as const;
  const augmentation = { flip: true, shift: 1 };
  const model = liftParameters(tinyNetwork(0.5));
  profileGraph(
    buildTrainingStep(model, source, createOptimizer(adam), augmentation).graph,
    kernels,
  );
}

function profileCase(
  each: ConformanceCase,
  kernels: Map<string, Set<string>>,
): Profile & { opset: number } {
  const bytes = readModel(each);
  const opset = decodeModel(bytes, { name: each.name, baseDir: each.folder }).opsets.get('') ?? 1;
  try {
    const data = readDataSet(dataSetsOf(each)[0]!, readGraph(each, bytes));
    return { opset, ...profileGraph(bindCase(each, bytes, data.inputs).graph, kernels) };
  } catch (thrown) {
    if (thrown instanceof EngineError) return { opset, kinds: [], gradient: null };
    throw thrown;
  }
}
