// TensorFlow.js in the kernel bench. Its images are [N, H, W, C].
import type * as TensorFlow from '@tensorflow/tfjs-core';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import type { Tf, TfBackend } from '../rivals/tfjs.ts';
import type { ConvCase, KernelCase } from './cases.ts';
import { outputShape } from './cases.ts';
import type { KernelEngine } from './engine.ts';

type Shape4D = [number, number, number, number];

export function tfjsEngine({ name, tf, use, finish }: TfBackend): KernelEngine {
  return {
    name,
    prepare: (each) => {
      use();
      const { apply, toCase } = operationOf(tf, each);
      return Promise.resolve({
        run: async (times: number) => {
          use();
          for (let i = 0; i < times; i++) apply().dispose();
          await finish();
        },
        output: async () => awaitGpu(toCase(apply()).data()),
        dispose: () => {
          tf.disposeVariables();
        },
      });
    },
  };
}

interface Operation {
  readonly apply: () => TensorFlow.Tensor;
  /** From the layout of TensorFlow to that of the case. */
  readonly toCase: (result: TensorFlow.Tensor) => TensorFlow.Tensor;
}

function operationOf(tf: Tf, each: KernelCase): Operation {
  if (each.op !== 'matmul') return convOperation(tf, each);
  const a = tf.tensor2d(each.a.data as Float32Array, [...each.a.shape] as [number, number]);
  const b = tf.tensor2d(each.b.data as Float32Array, [...each.b.shape] as [number, number]);
  return { apply: () => tf.matMul(a, b), toCase: (result) => result };
}

function convOperation(tf: Tf, each: ConvCase): Operation {
  const upload = (data: Float32Array, shape: readonly number[], order: number[]) =>
    tf.transpose(tf.tensor4d(data, [...shape] as Shape4D), order);
  const x = upload(each.x.data as Float32Array, each.x.shape, [0, 2, 3, 1]);
  const filter = [2, 3, ...(each.groups === 1 ? [1, 0] : [0, 1])]; // depthwise: [h, w, channel, 1]
  const w = upload(each.w.data as Float32Array, each.w.shape, filter);
  const [n, c, height, width] = outputShape(each) as Shape4D;
  const { stride } = each;
  const pad = (each.w.shape[2]! - 1) / 2;
  const apply = (): TensorFlow.Tensor => {
    if (each.groups !== 1) return tf.depthwiseConv2d(x, w, stride, pad, 'NHWC', 1, 'floor');
    if (each.op === 'conv') return tf.conv2d(x, w, stride, pad, 'NHWC', 1, 'floor');
    // Its kernel for the gradient.
    return tf.conv2dTranspose(x, w, [n, height, width, c], stride, pad, 'floor');
  };
  return { apply, toCase: (result) => tf.transpose(result, [0, 3, 1, 2]) };
}
