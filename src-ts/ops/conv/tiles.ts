// Which tile of pixels and output channels a workgroup of a convolution's pass takes.
import { elementCount } from '../../core/shape.ts';
import { callKernel } from '../../kernels/kernel.ts';
import { convSubgroup, convTiled } from './kernels.ts';
import { pixelsOf, type Pass } from './pass.ts';
import { pointTile, takesPoints } from './points.ts';
import { stripTiles, takesStrips } from './strips.ts';
import type { PassTile, TileSize } from './tile.ts';
import type { AdapterTraits } from '../op-def.ts';
import { chooseVariant, type Chosen } from '../variants.ts';

export function choosePassTile(traits: AdapterTraits, pass: Pass): Chosen<PassTile> {
  const taps = elementCount(pass.window.kernel);
  const size = [pixelsOf(pass), pass.outChannels, pass.inChannels * taps] as const;
  const lanes = traits.subgroupLanes;
  const { rule, others } = lanes === null ? sharedTiles(pass) : subgroupTiles(pass, lanes);
  return chooseVariant(traits, operationOf(pass, taps), size, rule, others);
}

/** What a pass is to a tuning table: `conv`, `conv_grad`, `conv_1x1`, and how many groups, if several. */
function operationOf({ backward, groups }: Pass, taps: number): string {
  const name = taps === 1 ? 'conv_1x1' : backward ? 'conv_grad' : 'conv';
  return groups === 1 ? name : `${name}x${groups}`;
}

interface Tiles {
  readonly rule: PassTile;
  readonly others: readonly PassTile[];
}

const THREADS = 16; // along each side of a workgroup of the tiled kernel
const PIXELS = 4; // of a thread
const DEPTH = 16;

function sharedTiles(pass: Pass): Tiles {
  const { inChannels, outChannels } = pass;
  const depth = inChannels <= 4 ? 4 : inChannels <= 8 ? 8 : DEPTH;
  const tile = (perThread: number): PassTile => {
    const constants = { THREADS, CHANNELS: perThread, PIXELS, DEPTH: depth };
    return {
      name: `shared ${perThread}`,
      channels: THREADS * perThread,
      items: pixelsOf(pass),
      perGroup: THREADS * PIXELS,
      call: (options) => callKernel(convTiled, { ...options, constants }),
    };
  };
  const widest = outChannels <= THREADS ? 1 : outChannels <= 2 * THREADS ? 2 : 4;
  return { rule: tile(widest), others: [1, 2, 4].filter((each) => each < widest).map(tile) };
}

// What a tile of so many output channels reaches of the best one's speed, by measurement on lavapipe.
const SUBGROUP_TILES = [
  { channels: 32, pixels: 8, speed: 1 },
  { channels: 24, pixels: 8, speed: 0.95 },
  { channels: 20, pixels: 8, speed: 0.95 },
  { channels: 16, pixels: 12, speed: 0.95 },
  { channels: 12, pixels: 8, speed: 0.8 },
  { channels: 8, pixels: 8, speed: 0.6 },
  { channels: 4, pixels: 8, speed: 0.35 },
] as const;

// Where pixels are loaded in fours, more channels pay: each lane loads two quads of weights.
const POINT_TILES = [{ channels: 64, pixels: 8, speed: 1.06 }, ...SUBGROUP_TILES];

const TOO_SLOW = 1.5; // times the best: what is expected to take longer is not tried

function subgroupTiles(pass: Pass, lanes: number): Tiles {
  const inFours = takesPoints(pass);
  const [sizes, tileOf, quads] = inFours
    ? [POINT_TILES, pointTile, 2 * lanes]
    : [SUBGROUP_TILES, lineTile, lanes];
  const cost = ({ channels, speed }: (typeof POINT_TILES)[number]): number =>
    roundUp(pass.outChannels, channels) / speed;
  // A quad of channels is loaded by one lane; a point tile's lanes load two.
  const fitting = sizes.filter(({ channels }) => channels <= 4 * quads);
  const best = fitting.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
  const near = fitting.filter((tile) => cost(tile) <= TOO_SLOW * cost(best));
  const plain = [best, ...near].map((size) => tileOf(pass, lanes, size));
  const tiles = takesStrips(pass) ? [...stripTiles(pass, lanes), ...plain] : plain;
  return { rule: tiles[0]!, others: tiles };
}

function lineTile(pass: Pass, lanes: number, { channels, pixels }: TileSize): PassTile {
  const constants = {
    ...{ LANES: lanes, QUADS: channels / 4, PIXELS: pixels },
    TERMS: pass.inChannels % 2 === 0 ? 2 : 1,
  };
  return {
    name: `lines ${channels}x${pixels}`,
    channels,
    items: pixelsOf(pass),
    perGroup: lanes * pixels,
    call: (options) => callKernel(convSubgroup, { ...options, constants }),
  };
}

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
