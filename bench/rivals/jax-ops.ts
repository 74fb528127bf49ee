// The ops of models in jax-js, for use inside `jit`, which fuses bias and activation. Its functions
// consume their arguments; `.ref` is another handle. Images are [N, C, H, W], the only order it has.
import type { Array as JaxArray } from '@jax-js/jax';
import type { WindowGeometry } from '../../src-ts/graph/op-set.ts';
import type { JaxBackend } from './jax.ts';
import type { RivalOps } from './translate.ts';

export function jaxOps({ jax }: JaxBackend): RivalOps<JaxArray> {
  const { numpy: np, lax, nn } = jax;
  const clip = (x: JaxArray, min: number, max: number): JaxArray => np.clip(x, min, max);
  return {
    weight: ({ data, shape }) => np.array(data, { shape: [...shape] }),
    conv: (x, w, { groups, strides, pads, bias, activation }) => {
      const padding = pads.map(([before, after]): [number, number] => [before, after]);
      const options = groups === 1 ? {} : { featureGroupCount: groups };
      const product = lax.convGeneralDilated(x, w, [...strides], padding, options);
      const sum = bias === null ? product : product.add(bias.reshape([1, -1, 1, 1]));
      if (activation === null) return sum;
      return activation === 'relu' ? nn.relu(sum) : clip(sum, 0, 6);
    },
    maxPool: (x, { kernel, strides }) =>
      lax.reduceWindow(x, (window) => largestOf(np, window, kernel), [...kernel], [...strides]),
    avgPool: (x, { kernel, strides }) =>
      lax.reduceWindow(x, (window) => np.mean(window), [...kernel], [...strides]),
    padImage: (x, [rows, columns]) => np.pad(x, [[0, 0], [0, 0], [...rows], [...columns]]),
    relu: (x) => nn.relu(x),
    clip,
    binary: (kind, a, b) => a[kind](b),
    sumPixels: (x) => np.sum(x, [2, 3], { keepdims: true }),
    flatten: (x) => x.reshape([x.shape[0]!, -1]),
    matmul: (a, b, transposeB) => np.matmul(a, transposeB ? np.transpose(b) : b),
    share: (value) => value.ref,
  };
}

/**
 * The largest of a window, one pair after the other: the gradient then goes to the first of equal maxima,
 * where that of `np.max` is shared among them.
 */
function largestOf(
  np: JaxBackend['jax']['numpy'],
  window: JaxArray,
  [rows, columns]: WindowGeometry['kernel'],
): JaxArray {
  const flat = window.reshape([rows! * columns!]);
  const values = Array.from({ length: rows! * columns! }, (_, i) => flat.ref.slice(i));
  flat.dispose();
  return values.reduce((best, value) => np.maximum(best, value));
}
