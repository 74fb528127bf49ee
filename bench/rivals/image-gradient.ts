// The gradient of a small graph's image in other libraries.
import type * as TensorFlow from '@tensorflow/tfjs-core';
import type { Array as JaxArray } from '@jax-js/jax';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { JaxBackend } from './jax.ts';
import { jaxOps } from './jax-ops.ts';
import { tfOps, type Purpose } from './tfjs-ops.ts';
import type { TfBackend } from './tfjs.ts';
import { translateModel } from './translate.ts';

export interface ImageGradient {
  readonly name: string;
  /** The gradient with respect to x [N, C, H, W] under the cotangent dy of the graph's one output, an image. */
  readonly gradient: (
    graph: Graph,
    x: Tensor,
    dy: Tensor,
  ) => Promise<ArrayLike<number> & Iterable<number>>;
}

export function tfjsGradient({ name, tf, use }: TfBackend, purpose: Purpose): ImageGradient {
  const upload = ({ data, shape }: Tensor): TensorFlow.Tensor =>
    tf.transpose(tf.tensor(data as Float32Array, [...shape]), [0, 2, 3, 1]);
  return {
    name: purpose === 'gradients' ? `${name}, repaired` : name,
    gradient: async (graph, x, dy) => {
      use();
      const f = translateModel(graph, tfOps(tf, purpose));
      const dx = tf.tidy(() => tf.transpose(tf.grad(f)(upload(x), upload(dy)), [0, 3, 1, 2]));
      return awaitGpu(dx.data());
    },
  };
}

export function jaxGradient(backend: JaxBackend): ImageGradient {
  const { numpy, jit, vjp } = backend.jax;
  const upload = ({ data, shape }: Tensor): JaxArray => numpy.array(data, { shape: [...shape] });
  return {
    name: backend.name,
    gradient: async (graph, x, dy) => {
      const f = translateModel(graph, jaxOps(backend));
      const pull = jit((at: JaxArray, cotangent: JaxArray): JaxArray => {
        const [y, pullBack] = vjp(f, [at]);
        y.dispose();
        return pullBack(cotangent)[0];
      });
      return (await awaitGpu(pull(upload(x), upload(dy)).data())) as Float32Array;
    },
  };
}
