// The ops of models in TensorFlow.js, as one would write them by hand: images [N, H, W, C] throughout,
// bias and activation fused into convolutions for predictions. For gradients nothing is fused: the
// gradient of its fused convolution always computes that of the filter too.
import type * as TensorFlow from '@tensorflow/tfjs-core';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type { WindowGeometry } from '../../src-ts/graph/op-set.ts';
import type { Tf } from './tfjs.ts';
import type { ConvTask, Pads, RivalOps } from './translate.ts';

type Value = TensorFlow.Tensor;
type Image = TensorFlow.Tensor4D;
type Pair = [number, number];

/** `shipped`: every gradient as the backend has it, right or wrong. */
export type Purpose = 'predictions' | 'gradients' | 'shipped gradients';

export function tfOps(tf: Tf, purpose: Purpose): RivalOps<Value> {
  return {
    weight: (value, role) => tf.keep(tf.tidy(() => uploadWeight(tf, value, role))),
    conv: purpose === 'predictions' ? fusedConv(tf) : plainConv(tf),
    maxPool: (x, geometry) => maxPool(tf, x as Image, geometry, purpose),
    avgPool: (x, { kernel, strides }) =>
      tf.avgPool(x as Image, kernel as Pair, strides as Pair, 'valid'),
    padImage: (x, pads) => tf.pad(x, [[0, 0], ...(pads as [Pair, Pair]), [0, 0]]),
    relu: (x) => tf.relu(x),
    clip: (x, min, max) => tf.clipByValue(x, min, max),
    binary: (kind, a, b) => tf[kind](a, b),
    sumPixels: (x) => tf.sum(x, [1, 2], true),
    flatten: (x) => tf.reshape(isOnePixel(x) ? x : tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], -1]),
    matmul: (a, b, transposeB) => tf.matMul(a, b, false, transposeB),
    share: (value) => value,
  };
}

function uploadWeight(tf: Tf, value: Tensor, role: 'filter' | 'image' | 'plain'): Value {
  const plain = tf.tensor(value.data, [...value.shape]);
  if (role === 'plain') return plain;
  if (role === 'image') return tf.transpose(plain, [0, 2, 3, 1]);
  return tf.transpose(plain, [2, 3, 1, 0]); // [height, width, in, out]
}

const isOnePixel = ({ shape }: Value): boolean => shape[1] === 1 && shape[2] === 1;

function fusedConv(tf: Tf): RivalOps<Value>['conv'] {
  return (x, filter, task) => {
    const apply = task.groups === 1 ? tf.fused.conv2d : tf.fused.depthwiseConv2d;
    return apply({
      ...{ x: x as Image, filter: filterFor(tf, filter, task) },
      ...{ strides: task.strides as Pair, pad: paddingOf(task.pads) },
      ...{ activation: task.activation ?? 'linear', ...(task.bias && { bias: task.bias }) },
    });
  };
}

function plainConv(tf: Tf): RivalOps<Value>['conv'] {
  return (x, filter, task) => {
    const apply = task.groups === 1 ? tf.conv2d : tf.depthwiseConv2d;
    const w = filterFor(tf, filter, task);
    const product = apply(x as Image, w, task.strides as Pair, paddingOf(task.pads));
    const sum = task.bias === null ? product : tf.add(product, task.bias);
    return task.activation === null ? sum : tf[task.activation](sum);
  };
}

/** Depthwise filters are [height, width, channels, 1] here. */
function filterFor(tf: Tf, filter: Value, { groups }: ConvTask<Value>): Image {
  if (groups === 1) return filter as Image;
  if (filter.shape[2] !== 1) throw new Error('no translation of grouped convolutions for rivals');
  const [height, width, , channels] = filter.shape as [number, number, number, number];
  return tf.reshape(filter, [height, width, channels, 1]);
}

function paddingOf(pads: Pads): number {
  const [first] = pads[0];
  if (pads.flat().every((pad) => pad === first)) return first;
  throw new Error('no translation of asymmetric padding for rivals');
}

/**
 * TensorFlow.js's pooling, but for a gradient that is right. Its WebAssembly backend looks for the maximum
 * of a window from the smallest positive number up (`numeric_limits<float>::min()`), and so drops the
 * gradient of windows without a positive value: the kernel is given values that are all positive.
 */
function maxPool(tf: Tf, x: Image, { kernel, strides }: WindowGeometry, purpose: Purpose): Value {
  const window = { filterSize: kernel as Pair, strides: strides as Pair, pad: 'valid' as const };
  const pool = (image: Image): Image =>
    tf.maxPool(image, window.filterSize, window.strides, window.pad);
  if (tf.getBackend() !== 'wasm' || purpose !== 'gradients') return pool(x);
  const withGradient = tf.customGrad((image, save) => {
    const [value, shift] = [pool(image as Image), tf.sub(1, tf.min(image as Image))];
    const [positive, shifted] = [tf.add(image as Image, shift), tf.add(value, shift)];
    (save as TensorFlow.GradSaveFunc)([positive, shifted]);
    const gradFunc = (dy: Value, [input, output]: Value[]): Value =>
      tf.engine().runKernel('MaxPoolGrad', { dy, input: input!, output: output! }, window);
    return { value, gradFunc };
  });
  return withGradient(x);
}
