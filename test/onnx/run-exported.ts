// Runs an ONNX file on onnxruntime with tensors of any dtype; every output by name.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Dtype } from '../../src-ts/core/shape.ts';
import { allocate, tensor, type Tensor } from '../../src-ts/core/tensor.ts';

export async function runExported(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds = Object.entries(inputs).map(([name, value]) => [name, toRuntime(value)] as const);
  const results = await session.run(Object.fromEntries(feeds));
  const outputs = Object.entries(results).map(
    ([name, value]) => [name, fromRuntime(value)] as const,
  );
  await session.release();
  return Object.fromEntries(outputs);
}

function toRuntime({ dtype, shape, data }: Tensor): OrtTensor {
  switch (dtype) {
    case 'float32':
      return new OrtTensor('float32', Float32Array.from(data), shape);
    case 'int32':
      return new OrtTensor('int32', Int32Array.from(data), shape);
    case 'int64':
      return new OrtTensor('int64', BigInt64Array.from(Array.from(data, BigInt)), shape);
    case 'bool':
      return new OrtTensor('bool', Uint8Array.from(data), shape);
  }
}

function fromRuntime({ type, dims, data }: OrtTensor): Tensor {
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  const held = allocate(type as Dtype, values.length);
  held.set(values);
  return tensor(type as Dtype, [...dims], held);
}
