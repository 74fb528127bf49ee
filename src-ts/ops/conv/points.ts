// Tiles of points: where every output is a sum over the channels of its own pixel, pixels need no place in
// a plane, and lanes load and store them in fours.
import { elementCount } from '../../core/shape.ts';
import { callKernel } from '../../kernels/kernel.ts';
import { convSubgroupPoints } from './kernels.ts';
import { pixelsOf, type Pass } from './pass.ts';
import type { PassTile, TileSize } from './tile.ts';

const POINT = 4; // pixels

/** Whether a pass is a 1 × 1 convolution with stride 1, of planes that are whole points. */
export function takesPoints(pass: Pass): boolean {
  const { kernel, strides, pads, input, output } = pass.window;
  return (
    elementCount(kernel) === 1 &&
    strides.every((stride) => stride === 1) &&
    pads.every((pad) => pad === 0) &&
    input.every((extent, axis) => extent === output[axis]) &&
    pixelsOf(pass) % POINT === 0
  );
}

export function pointTile(pass: Pass, lanes: number, { channels, pixels }: TileSize): PassTile {
  const constants = {
    ...{ LANES: lanes, QUADS: channels / 4, POINTS: pixels / POINT },
    TERMS: pass.inChannels % 2 === 0 ? 2 : 1,
  };
  return {
    name: `points ${channels}x${pixels}`,
    channels,
    items: pixelsOf(pass) / POINT,
    perGroup: (lanes * pixels) / POINT,
    call: (options) => callKernel(convSubgroupPoints, { ...options, constants }),
  };
}
