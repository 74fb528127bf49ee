// Networks of depthwise convolutions.
import type { Activation, Net, Planes } from './layers.ts';

/** Howard et al. 2017. */
export function mobileNetV1(net: Net): string {
  const separable = (x: Planes, channels: number, stride: number): Planes => {
    const spatial = net.convBn(x, x.channels, 3, { act: 'relu', stride, groups: x.channels });
    return net.convBn(spatial, channels, 1, { act: 'relu' });
  };
  let x = net.convBn(net.image(), net.channels(32), 3, { act: 'relu', stride: 2 });
  x = separable(x, net.channels(64), 1);
  for (const [channels, same] of [
    [128, 1],
    [256, 1],
    [512, 5],
    [1024, 1],
  ] as const) {
    x = separable(x, net.channels(channels), 2);
    for (let k = 0; k < net.depth(same); k++) x = separable(x, net.channels(channels), 1);
  }
  return net.head(x);
}

interface Inverted {
  readonly kernel: number;
  /** Channels inside; none widened where it equals the input's. */
  readonly inner: number;
  readonly channels: number;
  readonly stride: number;
  readonly act: Activation;
  readonly excite?: (x: Planes) => Planes;
}

/** A bottleneck turned inside out: wide, depthwise, narrow without activation. */
function inverted(net: Net, x: Planes, block: Inverted): Planes {
  const { kernel, inner, channels, stride, act, excite } = block;
  const wide = inner === x.channels ? x : net.convBn(x, inner, 1, { act });
  const spatial = net.convBn(wide, inner, kernel, { act, stride, groups: inner });
  const keeps = stride === 1 && channels === x.channels;
  // Excitation halves what it passes on, more or less.
  const gain = (keeps ? 0.5 : 1) * (excite === undefined ? 1 : 4);
  const narrow = net.convBn(excite?.(spatial) ?? spatial, channels, 1, { gain });
  return keeps ? net.add(x, narrow) : narrow;
}

/** Widening, channels, blocks, stride of the first, kernel. */
type Stage = readonly [number, number, number, number, number];

function invertedStages(
  net: Net,
  first: Planes,
  stages: readonly Stage[],
  act: Activation,
  excites: boolean,
): Planes {
  let x = first;
  for (const [factor, full, count, stride, kernel] of stages) {
    for (let k = 0; k < net.depth(count); k++) {
      const reduced = Math.max(4, Math.round(x.channels / 4));
      x = inverted(net, x, {
        kernel,
        inner: x.channels * factor,
        channels: net.channels(full),
        stride: k === 0 ? stride : 1,
        act,
        ...(excites && { excite: (y: Planes) => net.squeezeExcite(y, reduced, 'sigmoid', act) }),
      });
    }
  }
  return x;
}

/** Sandler et al. 2018. */
export function mobileNetV2(net: Net): string {
  const stages: readonly Stage[] = [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 32, 3, 2, 3],
    [6, 64, 4, 2, 3],
    [6, 96, 3, 1, 3],
    [6, 160, 3, 2, 3],
    [6, 320, 1, 1, 3],
  ];
  const first = net.convBn(net.image(), net.channels(32), 3, { act: 'relu6', stride: 2 });
  const x = invertedStages(net, first, stages, 'relu6', false);
  return net.meanHead(net.convBn(x, net.channels(1280), 1, { act: 'relu6' }));
}

/** Tan et al. 2019, found by search. */
export function mnasNet(net: Net): string {
  const stages: readonly Stage[] = [
    [1, 16, 1, 1, 3],
    [3, 24, 3, 2, 3],
    [3, 40, 3, 2, 5],
    [6, 80, 3, 2, 5],
    [6, 96, 2, 1, 3],
    [6, 192, 4, 2, 5],
    [6, 320, 1, 1, 3],
  ];
  const first = net.convBn(net.image(), net.channels(32), 3, { act: 'relu', stride: 2 });
  const x = invertedStages(net, first, stages, 'relu', false);
  return net.meanHead(net.convBn(x, net.channels(1280), 1, { act: 'relu' }));
}

/** Tan & Le 2019: x·sigmoid(x), squeeze and excitation in every block. */
export function efficientNetB0(net: Net): string {
  const stages: readonly Stage[] = [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 40, 2, 2, 5],
    [6, 80, 3, 2, 3],
    [6, 112, 3, 1, 5],
    [6, 192, 4, 2, 5],
    [6, 320, 1, 1, 3],
  ];
  const first = net.convBn(net.image(), net.channels(32), 3, { act: 'silu', stride: 2 });
  const x = invertedStages(net, first, stages, 'silu', true);
  return net.head(net.convBn(x, net.channels(1280), 1, { act: 'silu' }));
}

/** Kernel, inner channels, channels, squeeze and excitation, hard swish, stride. */
const LARGE: readonly (readonly [number, number, number, boolean, boolean, number])[] = [
  [3, 16, 16, false, false, 1],
  [3, 64, 24, false, false, 2],
  [3, 72, 24, false, false, 1],
  [5, 72, 40, true, false, 2],
  [5, 120, 40, true, false, 1],
  [5, 120, 40, true, false, 1],
  [3, 240, 80, false, true, 2],
  [3, 200, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 480, 112, true, true, 1],
  [3, 672, 112, true, true, 1],
  [5, 672, 160, true, true, 2],
  [5, 960, 160, true, true, 1],
  [5, 960, 160, true, true, 1],
];

/** Howard et al. 2019, large. */
export function mobileNetV3(net: Net): string {
  let x = net.convBn(net.image(), net.channels(16), 3, { act: 'hardswish', stride: 2 });
  for (const [kernel, innerFull, full, excites, isHard, stride] of LARGE) {
    const inner = net.channels(innerFull);
    const reduced = Math.max(4, Math.round(inner / 4));
    const excite = (y: Planes): Planes => net.squeezeExcite(y, reduced, 'hardsigmoid', 'relu');
    x = inverted(net, x, {
      kernel,
      inner,
      channels: net.channels(full),
      stride,
      act: isHard ? 'hardswish' : 'relu',
      ...(excites && { excite }),
    });
  }
  const wide = net.convBn(x, net.channels(960), 1, { act: 'hardswish' });
  const hidden = net.channels(1280);
  const flat = net.gemm(net.flatten(net.globalPool(wide)), wide.channels, hidden, 'hardswish');
  return net.gemm(flat, hidden, net.scale.classes);
}
