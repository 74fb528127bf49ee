// Networks of plain layers and of parallel branches.
import type { Net, Planes } from './layers.ts';

/** Krizhevsky 2014 ("one weird trick"), as torchvision has it. */
export function alexNet(net: Net): string {
  const relu = { act: 'relu' } as const;
  let x = net.conv(net.image(), net.channels(64), 11, { ...relu, stride: 4, pad: 2 });
  x = net.conv(net.maxPool(x, 3, 2), net.channels(192), 5, relu);
  x = net.conv(net.maxPool(x, 3, 2), net.channels(384), 3, relu);
  x = net.conv(x, net.channels(256), 3, relu);
  x = net.maxPool(net.conv(x, net.channels(256), 3, relu), 3, 2);
  x = net.avgPool(x, 1, 1); // what an adaptive pool of the size it has is exported as
  return threeLayerHead(net, x);
}

function threeLayerHead(net: Net, x: Planes): string {
  const hidden = net.channels(4096);
  const first = net.gemm(net.flatten(x), x.channels * x.height * x.width, hidden, 'relu');
  return net.gemm(net.gemm(first, hidden, hidden, 'relu'), hidden, net.scale.classes);
}

/** Simonyan & Zisserman 2015. `stages` are the convolutions before each pool. */
export const vgg =
  (stages: readonly number[]) =>
  (net: Net): string => {
    let x = net.image();
    for (const [stage, convolutions] of stages.entries()) {
      const channels = net.channels(Math.min(64 * 2 ** stage, 512));
      for (let k = 0; k < net.depth(convolutions); k++) {
        x = net.conv(x, channels, 3, { act: 'relu' });
      }
      x = net.maxPool(x, 2, 2);
    }
    return threeLayerHead(net, x);
  };

/** Lin et al. 2014: small networks in the place of filters. */
export function nin(net: Net): string {
  const relu = { act: 'relu' } as const;
  const block = (x: Planes, channels: number, kernel: number, stride = 1): Planes => {
    const first = net.conv(x, channels, kernel, { ...relu, stride });
    return net.conv(net.conv(first, channels, 1, relu), channels, 1, relu);
  };
  let x = net.maxPool(block(net.image(), net.channels(96), 11, 4), 3, 2, { ceil: true });
  x = net.maxPool(block(x, net.channels(256), 5), 3, 2, { ceil: true });
  x = net.maxPool(block(x, net.channels(384), 3), 3, 2, { ceil: true });
  x = { ...x, name: net.ops('Dropout', [x.name], 1, { ratio: { float: 0.5 } })[0]! };
  const last = block(x, net.channels(1024), 3);
  return net.flatten(net.globalPool(net.conv(last, net.scale.classes, 1)));
}

/** Iandola et al. 2016, version 1.1. */
export function squeezeNet(net: Net): string {
  const relu = { act: 'relu' } as const;
  const fire = (x: Planes, squeeze: number, expand: number): Planes => {
    const squeezed = net.conv(x, net.channels(squeeze), 1, relu);
    const wide = net.channels(expand);
    return net.concat([net.conv(squeezed, wide, 1, relu), net.conv(squeezed, wide, 3, relu)]);
  };
  let x = net.conv(net.image(), net.channels(64), 3, { ...relu, stride: 2, pad: 0 });
  for (const [squeeze, expand] of [
    [16, 64],
    [32, 128],
  ] as const) {
    x = net.maxPool(x, 3, 2, { ceil: true });
    for (let k = 0; k < net.depth(2); k++) x = fire(x, squeeze, expand);
  }
  x = net.maxPool(x, 3, 2, { ceil: true });
  for (let k = 0; k < net.depth(2); k++) x = fire(x, 48, 192);
  for (let k = 0; k < net.depth(2); k++) x = fire(x, 64, 256);
  return net.flatten(net.globalPool(net.conv(x, net.scale.classes, 1, relu)));
}

/** 1×1; 1×1 → 3×3; 1×1 → 5×5; pool → 1×1. */
type InceptionWidths = readonly [number, number, number, number, number, number];

const GOOGLENET: readonly (readonly InceptionWidths[])[] = [
  [
    [64, 96, 128, 16, 32, 32],
    [128, 128, 192, 32, 96, 64],
  ],
  [
    [192, 96, 208, 16, 48, 64],
    [160, 112, 224, 24, 64, 64],
    [128, 128, 256, 24, 64, 64],
    [112, 144, 288, 32, 64, 64],
    [256, 160, 320, 32, 128, 128],
  ],
  [
    [256, 160, 320, 32, 128, 128],
    [384, 192, 384, 48, 128, 128],
  ],
];

/** Szegedy et al. 2015 as Caffe had it: local response normalisation, pools padded at one side. */
export function googleNet(net: Net): string {
  const relu = { act: 'relu' } as const;
  const lrn = (x: Planes): Planes => {
    const attributes = {
      size: 5,
      alpha: { float: 1e-4 },
      beta: { float: 0.75 },
      bias: { float: 1 },
    };
    return { ...x, name: net.op('LRN', [x.name], attributes) };
  };
  /** Pads at the end only, which is how "round up" is written where there is no ceil_mode. */
  const pool = (x: Planes): Planes => {
    const attributes = { kernel_shape: [3, 3], pads: [0, 0, 1, 1], strides: [2, 2] };
    const half = (size: number): number => Math.floor((size + 1 - 3) / 2) + 1;
    const name = net.op('MaxPool', [x.name], attributes);
    return { ...x, name, height: half(x.height), width: half(x.width) };
  };
  const inception = (x: Planes, widths: InceptionWidths): Planes => {
    const [one, three, threeOut, five, fiveOut, pooled] = widths.map((width) =>
      net.channels(width),
    ) as unknown as InceptionWidths;
    return net.concat([
      net.conv(x, one, 1, relu),
      net.conv(net.conv(x, three, 1, relu), threeOut, 3, relu),
      net.conv(net.conv(x, five, 1, relu), fiveOut, 5, relu),
      net.conv(net.maxPool(x, 3, 1, { pad: 1 }), pooled, 1, relu),
    ]);
  };
  let x = lrn(pool(net.conv(net.image(), net.channels(64), 7, { ...relu, stride: 2 })));
  x = net.conv(net.conv(x, net.channels(64), 1, relu), net.channels(192), 3, relu);
  x = pool(lrn(x));
  for (const [stage, blocks] of GOOGLENET.entries()) {
    if (stage > 0) x = pool(x);
    for (const widths of blocks.slice(0, net.depth(blocks.length))) x = inception(x, widths);
  }
  x = net.avgPool(x, x.height, 1);
  const [dropped] = net.ops('Dropout', [x.name], 1);
  const flat = net.op('Reshape', [dropped!, net.ints(0, -1)]);
  return net.op('Softmax', [net.gemm(flat, x.channels, net.scale.classes)], { axis: 1 });
}

/** Szegedy et al. 2016, as torchvision has it. */
export function inceptionV3(net: Net): string {
  const c = (full: number): number => net.channels(full);
  const chain = (
    x: Planes,
    ...steps: readonly (readonly [number, number | readonly [number, number]])[]
  ) =>
    steps.reduce((from, [width, kernel]) => net.convBn(from, c(width), kernel, { act: 'relu' }), x);
  const halved = (x: Planes, width: number): Planes =>
    net.convBn(x, c(width), 3, { act: 'relu', stride: 2, pad: 0 });
  const mean = (x: Planes): Planes => net.avgPool(x, 3, 1, 1);
  const wide = [1, 7] as const;
  const high = [7, 1] as const;

  const a = (x: Planes, pooled: number): Planes =>
    net.concat([
      chain(x, [64, 1]),
      chain(x, [48, 1], [64, 5]),
      chain(x, [64, 1], [96, 3], [96, 3]),
      chain(mean(x), [pooled, 1]),
    ]);
  const b = (x: Planes): Planes =>
    net.concat([halved(x, 384), halved(chain(x, [64, 1], [96, 3]), 96), net.maxPool(x, 3, 2)]);
  const factored = (x: Planes, middle: number): Planes =>
    net.concat([
      chain(x, [192, 1]),
      chain(x, [middle, 1], [middle, wide], [192, high]),
      chain(x, [middle, 1], [middle, high], [middle, wide], [middle, high], [192, wide]),
      chain(mean(x), [192, 1]),
    ]);
  const d = (x: Planes): Planes =>
    net.concat([
      halved(chain(x, [192, 1]), 320),
      halved(chain(x, [192, 1], [192, wide], [192, high]), 192),
      net.maxPool(x, 3, 2),
    ]);
  const e = (x: Planes): Planes => {
    const [two, three] = [chain(x, [384, 1]), chain(x, [448, 1], [384, 3])];
    const fork = (from: Planes): Planes =>
      net.concat([chain(from, [384, [1, 3]]), chain(from, [384, [3, 1]])]);
    return net.concat([chain(x, [320, 1]), fork(two), fork(three), chain(mean(x), [192, 1])]);
  };

  let x = net.convBn(net.image(), c(32), 3, { act: 'relu', stride: 2, pad: 0 });
  x = net.convBn(x, c(32), 3, { act: 'relu', pad: 0 });
  x = net.maxPool(chain(x, [64, 3]), 3, 2);
  x = net.convBn(chain(x, [80, 1]), c(192), 3, { act: 'relu', pad: 0 });
  x = net.maxPool(x, 3, 2);
  for (const pooled of [32, 64, 64].slice(0, net.depth(3))) x = a(x, pooled);
  x = b(x);
  for (const middle of [128, 160, 160, 192].slice(0, net.depth(4))) x = factored(x, middle);
  x = d(x);
  for (let k = 0; k < net.depth(2); k++) x = e(x);
  return net.head(x);
}
