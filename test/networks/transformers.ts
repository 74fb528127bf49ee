// Networks on tokens, and ConvNeXt, whose layers are theirs.
import { intTensor } from '../../src-ts/core/tensor.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { Planes } from './layers.ts';
import type { TokenNet, Tokens } from './tokens.ts';

/** Heads of 64 channels, of 8 in small versions. */
const headsOf = (width: number): number => (width % 64 === 0 ? width / 64 : width / 8);

const patchOf = (net: TokenNet): number => (net.scale.size >= 224 ? 16 : 8);

function encoded(net: TokenNet, x: Tokens, depth: number): Tokens {
  const positions = net.random([1, x.count, x.width], 0.3);
  let y: Tokens = { ...x, name: net.op('Add', [x.name, positions]) };
  for (let k = 0; k < net.depth(depth); k++) y = net.block(y, headsOf(x.width));
  return { ...y, name: net.layerNorm(y.name, y.width) };
}

/** Dosovitskiy et al. 2021. */
export const vit =
  (width: number, depth: number) =>
  (net: TokenNet): string => {
    const patches = net.patches(net.image(), patchOf(net), net.channels(width));
    const x = encoded(net, net.prepend(patches), depth);
    return net.gemm(net.token(x, 0), x.width, net.scale.classes);
  };

/** Touvron et al. 2021, with a token that learns from a teacher: the mean of two heads. */
export const deit =
  (width: number, depth: number) =>
  (net: TokenNet): string => {
    const patches = net.patches(net.image(), patchOf(net), net.channels(width));
    const x = encoded(net, net.prepend(net.prepend(patches)), depth);
    const [own, taught] = [0, 1].map((k) => net.gemm(net.token(x, k), x.width, net.scale.classes));
    return net.op('Div', [net.op('Add', [own!, taught!]), net.number(2)]);
  };

/** Tolstikhin et al. 2021: products over tokens, then over channels. */
export const mixer =
  (fullWidth: number, depth: number) =>
  (net: TokenNet): string => {
    const width = net.channels(fullWidth);
    const patches = net.patches(net.image(), patchOf(net), width);
    const { count } = patches;
    let x = patches.name;
    for (let k = 0; k < net.depth(depth); k++) {
      const turned = net.transpose(net.layerNorm(x, width), 0, 2, 1);
      const mixed = net.mlp(turned, count, Math.max(8, width / 2), count);
      x = net.op('Add', [x, net.transpose(mixed, 0, 2, 1)]);
      x = net.op('Add', [x, net.mlp(net.layerNorm(x, width), width, 4 * width)]);
    }
    const mean = net.op('ReduceMean', [net.layerNorm(x, width)], { axes: [1], keepdims: 0 });
    return net.gemm(mean, width, net.scale.classes);
  };

/** Liu et al. 2022. Channels go last for the normalisation and the linear maps. */
export const convNeXt =
  (widths: readonly number[], blocks: readonly number[]) =>
  (net: TokenNet): string => {
    const normalized = (x: Planes): Planes => {
      const last = net.layerNorm(net.transpose(x.name, 0, 2, 3, 1), x.channels);
      return { ...x, name: net.transpose(last, 0, 3, 1, 2) };
    };
    const block = (x: Planes): Planes => {
      const { channels } = x;
      const spatial = net.conv(x, channels, 7, { groups: channels });
      const last = net.layerNorm(net.transpose(spatial.name, 0, 2, 3, 1), channels);
      const scaled = net.op('Mul', [
        net.random([channels], 0.05, 0.5),
        net.mlp(last, channels, 4 * channels),
      ]);
      return net.add(x, { ...x, name: net.transpose(scaled, 0, 3, 1, 2) });
    };
    let x = net.image();
    for (const [stage, count] of blocks.entries()) {
      const channels = net.channels(widths[stage]!);
      const patch = stage === 0 ? 4 : 2;
      const cut = (from: Planes): Planes =>
        net.conv(from, channels, patch, { stride: patch, pad: 0 });
      x = stage === 0 ? normalized(cut(x)) : cut(normalized(x));
      for (let k = 0; k < net.depth(count); k++) x = block(x);
    }
    const pooled = normalized(net.globalPool(x));
    return net.gemm(net.flatten(pooled), x.channels, net.scale.classes);
  };

interface Map2d {
  readonly name: string;
  /** Height and width. */
  readonly side: number;
  readonly width: number;
}

/** Liu et al. 2021: attention in windows, which every other block moves by half a window. */
export const swin =
  (fullWidth: number, blocks: readonly number[], fullWindow: number) =>
  (net: TokenNet): string => {
    const first = net.conv(net.image(), net.channels(fullWidth), 4, { stride: 4, pad: 0 });
    const start = net.layerNorm(net.transpose(first.name, 0, 2, 3, 1), first.channels);
    let x: Map2d = { name: start, side: first.height, width: first.channels };
    const largest = net.scale.size >= 224 ? fullWindow : 4;
    for (const [stage, count] of blocks.entries()) {
      if (stage > 0) x = merged(net, x);
      const window = Math.min(largest, x.side);
      for (let k = 0; k < Math.max(1, net.depth(count)); k++) {
        x = swinBlock(net, x, window, k % 2 === 1 && window < x.side ? window >> 1 : 0);
      }
    }
    const last = net.layerNorm(x.name, x.width);
    const mean = net.op('ReduceMean', [last], { axes: [1, 2], keepdims: 0 });
    return net.gemm(mean, x.width, net.scale.classes);
  };

/** Four neighbours become one: every other row and column, joined and made narrower. */
function merged(net: TokenNet, { name, side, width }: Map2d): Map2d {
  const every = (x: string, start: number, axis: number): string =>
    net.op('Slice', [x, ...[start, side, axis, 2].map((value) => net.ints(value))]);
  const corners = [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ].map(([row, column]) => every(every(name, row!, 1), column!, 2));
  const joined = net.layerNorm(net.op('Concat', corners, { axis: -1 }), 4 * width);
  const weight = net.random([4 * width, 2 * width], Math.sqrt(1 / (4 * width)));
  return { name: net.op('MatMul', [joined, weight]), side: side / 2, width: 2 * width };
}

function swinBlock(net: TokenNet, x: Map2d, window: number, shift: number): Map2d {
  const { side, width } = x;
  const moved = rolled(net, net.layerNorm(x.name, width), side, shift);
  const lists = (side / window) ** 2;
  const tokens = { name: windowsOf(net, moved, x, window), count: window ** 2, width, lists };
  const heads = width % 32 === 0 ? width / 32 : width / 8;
  const bias = positionBias(net, window, heads);
  const mask = shift === 0 ? null : shiftMask(side, window, shift);
  const attended = net.attention(tokens, heads, (scores) => {
    const placed = net.op('Add', [scores, bias]);
    if (mask === null) return placed;
    // Masks differ between the windows of an image: the batch is split into images and windows.
    const { count } = tokens;
    const split = net.reshape(placed, [-1, lists, heads, count, count]);
    const table = net.store(floatTensor([1, lists, 1, count, count], mask));
    return net.reshape(net.op('Add', [split, table]), [-1, heads, count, count]);
  });
  const back = rolled(net, planesOf(net, attended, x, window), side, -shift);
  const middle = net.op('Add', [x.name, back]);
  const name = net.op('Add', [middle, net.mlp(net.layerNorm(middle, width), width, 4 * width)]);
  return { ...x, name };
}

/** `torch.roll` by −shift along both axes: two slices and a concatenation each. */
function rolled(net: TokenNet, x: string, side: number, shift: number): string {
  if (shift === 0) return x;
  const cut = shift > 0 ? shift : side + shift;
  const along = (y: string, axis: number): string => {
    const part = (start: number, end: number): string =>
      net.op('Slice', [y, net.ints(start), net.ints(end), net.ints(axis), net.ints(1)]);
    return net.op('Concat', [part(cut, Number.MAX_SAFE_INTEGER), part(0, cut)], { axis });
  };
  return along(along(x, 1), 2);
}

/** [N, side, side, width] → [N · windows, window², width] */
function windowsOf(net: TokenNet, x: string, { side, width }: Map2d, window: number): string {
  const across = side / window;
  const parts = net.reshape(x, ['batch', across, window, across, window, width]);
  return net.reshape(net.transpose(parts, 0, 1, 3, 2, 4, 5), [-1, window ** 2, width]);
}

/** Back again; an open batch is what is left when the windows of an image are divided out. */
function planesOf(net: TokenNet, x: string, { side, width }: Map2d, window: number): string {
  const across = side / window;
  const images =
    net.batch === 'batch'
      ? net.op('Div', [net.batchOf(x), net.ints(across ** 2)])
      : net.ints(net.batch);
  const sizes = [across, across, window, window, width].map((size) => net.ints(size));
  const parts = net.op('Reshape', [x, net.op('Concat', [images, ...sizes], { axis: 0 })]);
  return net.reshape(net.transpose(parts, 0, 1, 3, 2, 4, 5), ['batch', side, side, width]);
}

/** A learnt number for each head and each distance between two places: gathered from a table. */
function positionBias(net: TokenNet, window: number, heads: number): string {
  const count = window ** 2;
  const reach = 2 * window - 1;
  const distances: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const rows = Math.floor(i / window) - Math.floor(j / window) + window - 1;
      const columns = (i % window) - (j % window) + window - 1;
      distances.push(rows * reach + columns);
    }
  }
  const index = net.store({ ...intTensor([count ** 2], distances), dtype: 'int64' });
  const picked = net.op('Gather', [net.random([reach ** 2, heads], 0.2), index], { axis: 0 });
  const square = net.transpose(net.reshape(picked, [count, count, heads]), 2, 0, 1);
  return net.op('Unsqueeze', [square, net.ints(0)]);
}

/** −100 between places that only the shift made neighbours: [windows, window², window²]. */
function shiftMask(side: number, window: number, shift: number): number[] {
  const region = (at: number): number => (at < side - window ? 0 : at < side - shift ? 1 : 2);
  const across = side / window;
  const places = Array.from({ length: across ** 2 }, (_, w) =>
    Array.from({ length: window ** 2 }, (_place, i) => {
      const row = Math.floor(w / across) * window + Math.floor(i / window);
      return region(row) * 3 + region((w % across) * window + (i % window));
    }),
  );
  return places.flatMap((of) => of.flatMap((a) => of.map((b) => (a === b ? 0 : -100))));
}
