// Which tile of pixels and output channels a workgroup of a convolution's pass takes.
import { elementCount } from '../core/shape.ts';
import { callKernel, type KernelCall } from '../kernels/kernel.ts';
import { BLOCK_ROWS, blocksOf, mayTakeBlocks, prefersBlocks } from './conv-blocks.ts';
import { convSubgroup, convTiled } from './conv-kernels.ts';
import { gridOf, type Pass } from './conv-pass.ts';
import type { AdapterTraits } from './op-def.ts';
import { chooseVariant, type Chosen } from './variants.ts';

/** Output channels and pixels of one workgroup, and the constants that make a kernel do so. */
export interface PassTile {
  readonly name: string;
  readonly channels: number;
  /** Or blocks of pixels. */
  readonly pixels: number;
  /** Blocks of pixels in an image, down and across, where subgroups take those. */
  readonly blocks?: readonly [number, number];
  readonly call: (options: TileOptions) => KernelCall;
}

type TileOptions = Omit<Parameters<typeof callKernel<typeof convTiled>>[1], 'constants'>;

export function choosePassTile(traits: AdapterTraits, pass: Pass): Chosen<PassTile> {
  const [height, width] = gridOf(pass);
  const taps = elementCount(pass.window.kernel);
  const size = [height * width, pass.outChannels, pass.inChannels * taps] as const;
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

function sharedTiles({ inChannels, outChannels }: Pass): Tiles {
  const depth = inChannels <= 4 ? 4 : inChannels <= 8 ? 8 : DEPTH;
  const tile = (perThread: number): PassTile => {
    const constants = { THREADS, CHANNELS: perThread, PIXELS, DEPTH: depth };
    return {
      name: `shared ${perThread}`,
      channels: THREADS * perThread,
      pixels: THREADS * PIXELS,
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

const TOO_SLOW = 1.5; // times the best: what is expected to take longer is not tried

function subgroupTiles(pass: Pass, lanes: number): Tiles {
  const cost = ({ channels, speed }: (typeof SUBGROUP_TILES)[number]): number =>
    roundUp(pass.outChannels, channels) / speed;
  // A quad of channels is loaded by one lane.
  const fitting = SUBGROUP_TILES.filter(({ channels }) => channels <= 4 * lanes);
  const best = fitting.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
  const near = fitting.filter((tile) => cost(tile) <= TOO_SLOW * cost(best));
  const orders = mayTakeBlocks(pass) ? [false, true] : [false];
  return {
    rule: subgroupTile(pass, lanes, best, prefersBlocks(pass, lanes, best.pixels)),
    others: near.flatMap((size) =>
      orders.map((inBlocks) => subgroupTile(pass, lanes, size, inBlocks)),
    ),
  };
}

function subgroupTile(
  pass: Pass,
  lanes: number,
  { channels, pixels }: { readonly channels: number; readonly pixels: number },
  inBlocks: boolean,
): PassTile {
  const constants = {
    LANES: lanes,
    QUADS: channels / 4,
    PIXELS: pixels,
    TERMS: pass.inChannels % 2 === 0 ? 2 : 1,
    BLOCK_ROWS: inBlocks ? BLOCK_ROWS : 0,
  };
  return {
    name: `${inBlocks ? 'blocks' : 'lines'} ${channels}x${pixels}`,
    channels,
    ...(inBlocks ? { pixels, blocks: blocksOf(pass, lanes) } : { pixels: lanes * pixels }),
    call: (options) => callKernel(convSubgroup, { ...options, constants }),
  };
}

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
