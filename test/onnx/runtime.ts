// Runs an ONNX file on onnxruntime, and our graph of it on the reference interpreter.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { interpret } from '../reference/interpreter.ts';

/** The first output (or the named one) of onnxruntime's run. */
export async function runOnnxruntime(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
  output?: string,
): Promise<Tensor> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [
      name,
      new OrtTensor('float32', Float32Array.from(data), [...shape]),
    ]),
  );
  const results = await session.run(feeds);
  const result = results[output ?? session.outputNames[0]!]!;
  const values = Array.from(result.data as ArrayLike<number | bigint>, Number);
  await session.release();
  return floatTensor([...result.dims], values);
}

/** Holds a graph's output to onnxruntime's: float64 against float32. */
export function expectClose(actual: Tensor, expected: Tensor, relative = 1e-4): void {
  expect(actual.data.length).toBe(expected.data.length);
  const scale = Math.max(1e-6, ...Array.from(expected.data, Math.abs));
  for (let i = 0; i < expected.data.length; i++) {
    const [got, want] = [actual.data[i]!, expected.data[i]!];
    if (!(Math.abs(got - want) <= relative * scale)) {
      expect.fail(`element ${i} is ${got}, onnxruntime has ${want}`);
    }
  }
}

export function runGraph(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Tensor {
  return Object.values(interpret(graph, inputs))[0]!;
}
