// Networks that carry what they have on, by sums, by concatenation or by shuffling halves.
import type { Net, Planes } from './layers.ts';

/** Variance of a branch against the path it is added to: many sums must not blow up. */
const BRANCH = 0.2;

const stem = (net: Net, channels: number): Planes =>
  net.maxPool(net.convBn(net.image(), channels, 7, { act: 'relu', stride: 2 }), 3, 2, { pad: 1 });

function joined(net: Net, x: Planes, branch: Planes, stride: number): Planes {
  const same = stride === 1 && x.channels === branch.channels;
  const path = same ? x : net.convBn(x, branch.channels, 1, { stride, pad: 0 });
  return net.act(net.add(branch, path), 'relu');
}

/** He et al. 2016 with two 3×3 convolutions a block. */
export const basicResNet =
  (blocks: readonly number[]) =>
  (net: Net): string => {
    let x = stem(net, net.channels(64));
    for (const [stage, count] of blocks.entries()) {
      for (let k = 0; k < net.depth(count); k++) {
        const [channels, stride] = [net.channels(64 * 2 ** stage), k === 0 && stage > 0 ? 2 : 1];
        const first = net.convBn(x, channels, 3, { act: 'relu', stride });
        x = joined(net, x, net.convBn(first, channels, 3, { gain: BRANCH }), stride);
      }
    }
    return net.head(x);
  };

/** He et al. 2016 and, with groups, Xie et al. 2017. */
export const bottleneckResNet =
  (blocks: readonly number[], groups = 1, groupWidth = 64) =>
  (net: Net): string => {
    let x = stem(net, net.channels(64));
    for (const [stage, count] of blocks.entries()) {
      const inner = net.channels(groups * groupWidth * 2 ** stage);
      for (let k = 0; k < net.depth(count); k++) {
        const stride = k === 0 && stage > 0 ? 2 : 1;
        const narrow = net.convBn(x, inner, 1, { act: 'relu' });
        const split = groups === 1 ? 1 : Math.min(groups, inner / 4);
        const middle = net.convBn(narrow, inner, 3, { act: 'relu', stride, groups: split });
        const wide = net.convBn(middle, net.channels(256 * 2 ** stage), 1, { gain: BRANCH });
        x = joined(net, x, wide, stride);
      }
    }
    return net.head(x);
  };

/** Radosavovic et al. 2020, RegNetY: grouped bottlenecks of equal width with squeeze and excitation. */
export const regNetY =
  (widths: readonly number[], blocks: readonly number[], groupWidth: number) =>
  (net: Net): string => {
    let x = net.convBn(net.image(), net.channels(32), 3, { act: 'relu', stride: 2 });
    for (const [stage, count] of blocks.entries()) {
      const channels = net.channels(widths[stage]!);
      for (let k = 0; k < net.depth(count); k++) {
        const stride = k === 0 ? 2 : 1;
        const reduced = Math.max(4, Math.round(x.channels / 4));
        const narrow = net.convBn(x, channels, 1, { act: 'relu' });
        const groups = channels / Math.min(groupWidth, channels);
        const middle = net.convBn(narrow, channels, 3, { act: 'relu', stride, groups });
        const weighed = net.squeezeExcite(middle, reduced, 'sigmoid', 'relu');
        x = joined(net, x, net.convBn(weighed, channels, 1, { gain: 4 * BRANCH }), stride);
      }
    }
    return net.head(x);
  };

/** Huang et al. 2017: normalisations come first, so exporters cannot fold them all. */
export const denseNet =
  (blocks: readonly number[], growth = 32) =>
  (net: Net): string => {
    const grow = net.channels(growth);
    const normalized = (x: Planes): Planes => net.act(net.bn(x), 'relu');
    const layer = (x: Planes): Planes => {
      const narrow = net.convBn(normalized(x), 4 * grow, 1, { act: 'relu' });
      return net.concat([x, net.conv(narrow, grow, 3, { bias: false })]);
    };
    let x = stem(net, net.channels(64));
    for (const [stage, count] of blocks.entries()) {
      if (stage > 0) {
        const half = Math.floor(x.channels / 2);
        x = net.avgPool(net.conv(normalized(x), half, 1, { bias: false }), 2, 2);
      }
      for (let k = 0; k < net.depth(count); k++) x = layer(x);
    }
    return net.head(normalized(x));
  };

/** Ma et al. 2018: halves of the channels are shuffled by a reshape, a transposition and a reshape. */
export const shuffleNetV2 =
  (widths: readonly number[], blocks: readonly number[]) =>
  (net: Net): string => {
    const shuffle = (x: Planes): Planes => {
      const { channels, height, width } = x;
      const groups = net.reshape(x.name, ['batch', 2, channels / 2, height, width]);
      const turned = net.transpose(groups, 0, 2, 1, 3, 4);
      return { ...x, name: net.reshape(turned, ['batch', -1, height, width]) };
    };
    const branch = (x: Planes, half: number, stride: number): Planes => {
      const narrow = net.convBn(x, half, 1, { act: 'relu' });
      const spatial = net.convBn(narrow, half, 3, { stride, groups: half });
      return net.convBn(spatial, half, 1, { act: 'relu' });
    };
    const down = (x: Planes, half: number): Planes => {
      const spatial = net.convBn(x, x.channels, 3, { stride: 2, groups: x.channels });
      const short = net.convBn(spatial, half, 1, { act: 'relu' });
      return shuffle(net.concat([short, branch(x, half, 2)]));
    };
    const same = (x: Planes): Planes => {
      const half = x.channels / 2;
      const [left, right] = net.ops('Split', [x.name, net.ints(half, half)], 2, { axis: 1 });
      const kept = { ...x, name: left!, channels: half };
      return shuffle(net.concat([kept, branch({ ...kept, name: right! }, half, 1)]));
    };
    const first = net.convBn(net.image(), net.channels(24), 3, { act: 'relu', stride: 2 });
    let x = net.maxPool(first, 3, 2, { pad: 1 });
    for (const [stage, count] of blocks.entries()) {
      x = down(x, net.channels(widths[stage]! / 2, 4));
      for (let k = 1; k < net.depth(count); k++) x = same(x);
    }
    return net.meanHead(net.convBn(x, net.channels(1024), 1, { act: 'relu' }));
  };
