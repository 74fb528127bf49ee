// jax-js in the kernel bench: one compiled function a case.
import type { Array as JaxArray } from '@jax-js/jax';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { awaitGpu } from '../../src-ts/executor/webgpu/polling.ts';
import type { JaxBackend } from '../rivals/jax.ts';
import { outputShape, type KernelCase } from './cases.ts';
import type { KernelEngine } from './engine.ts';
import { operandOf } from './graph.ts';

export function jaxEngine({ name, jax, check }: JaxBackend): KernelEngine {
  const upload = ({ data, shape }: Tensor): JaxArray =>
    jax.numpy.array(data, { shape: [...shape] });
  return {
    name,
    prepare: (each) => {
      const [x, w] = [upload(operandOf(each)), upload(each.op === 'matmul' ? each.b : each.w)];
      const apply = jax.jit(functionOf(jax, each));
      return Promise.resolve({
        run: async (times) => {
          const results = Array.from({ length: times }, () => apply(x.ref, w.ref));
          await awaitGpu(jax.blockUntilReady(results)); // it is lazy: disposed of before, it would not run
          for (const result of results) result.dispose();
          check();
        },
        output: async () => (await awaitGpu(apply(x.ref, w.ref).data())) as Float32Array,
        dispose: () => {
          x.dispose();
          w.dispose();
          apply.dispose();
        },
      });
    },
  };
}

function functionOf(
  { numpy, lax, vjp }: JaxBackend['jax'],
  each: KernelCase,
): (x: JaxArray, w: JaxArray) => JaxArray {
  if (each.op === 'matmul') return (a, b) => numpy.matmul(a, b);
  const options = each.groups === 1 ? {} : { featureGroupCount: each.groups };
  const pad = (each.w.shape[2]! - 1) / 2;
  const pads: [number, number][] = [
    [pad, pad],
    [pad, pad],
  ];
  const conv = (x: JaxArray, w: JaxArray): JaxArray =>
    lax.convGeneralDilated(x, w, [each.stride, each.stride], pads, options);
  if (each.op === 'conv') return conv;
  return (dy, w) => {
    // A convolution is linear, so that the point where it is differentiated does not matter.
    const [y, pullBack] = vjp((x: JaxArray) => conv(x, w.ref), [numpy.zeros(outputShape(each))]);
    y.dispose();
    const [dx] = pullBack(dy);
    return dx;
  };
}
