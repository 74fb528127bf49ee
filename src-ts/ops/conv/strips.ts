// Tiles of strips: a lane makes outputs side by side in a row, so that a source is loaded once for all the
// taps of a row that meet it. How long the strips are and how many channels share them is found by
// estimating how long all tiles of an image take.
import { callKernel } from '../../kernels/kernel.ts';
import { convSubgroupStrip } from './kernels.ts';
import { gridOf, passGeometry, tapsOf, type Pass } from './pass.ts';
import type { PassTile } from './tile.ts';

const MOST_TAPS = 11; // of a row, that are unrolled
const MOST_SUMS = 256; // of a lane: more take the compiler long
const MOST_STEPS = 2048; // of all sums for one row of taps, for the same reason
const LONGEST = 16;
const USUAL = 8; // outputs of a strip: fewer pipelines where others gain little
const LITTLE = 0.92;

// Nanoseconds by measurement on lavapipe: loads by a subgroup, and for each sum a multiply-add, its fetching
// and putting back, and the broadcast of a weight.
const [LOAD, QUAD_LOAD, STEP, ROUND, BROADCAST] = [16, 24, 0.3, 0.5, 0.4];

interface StripSize {
  readonly quads: number;
  readonly pixels: number;
}

/** Whether the taps of a row read neighbours, and are several. */
export function takesStrips(pass: Pass): boolean {
  const [, { gap, count }] = tapsOf(pass);
  return gap === 1 && count > 1 && count <= MOST_TAPS;
}

/** The tile of strips that is expected to be fastest, and those that come near it. */
export function stripTiles(pass: Pass, lanes: number): readonly PassTile[] {
  const timed = sizesFor(pass)
    .map((size) => ({ size, time: timeOf(pass, lanes, size) }))
    .sort((a, b) => a.time - b.time);
  const usual = timed.findIndex(({ size }) => size.pixels === USUAL);
  if (usual > 0 && timed[0]!.time > LITTLE * timed[usual]!.time) {
    timed.unshift(...timed.splice(usual, 1));
  }
  return timed.slice(0, 4).map(({ size }) => stripTile(pass, lanes, size));
}

function sizesFor(pass: Pass): StripSize[] {
  const [, width] = gridOf(pass);
  const [, { count }] = tapsOf(pass);
  const counts = Array.from({ length: width }, (_, k) => Math.ceil(width / (k + 1)));
  const lengths = new Set([USUAL, ...counts.filter((pixels) => pixels <= LONGEST)]);
  const most = Math.ceil(pass.outChannels / 4);
  return [...lengths].flatMap((pixels) =>
    Array.from({ length: most }, (_, k) => ({ quads: k + 1, pixels })).filter(({ quads }) => {
      const sums = 4 * quads * pixels;
      return quads === 1 || (sums <= MOST_SUMS && sums * count <= MOST_STEPS);
    }),
  );
}

/** Sources of a strip, and the first and the end of those that can lie inside the input. */
function sourcesOf(pass: Pass, pixels: number): readonly [all: number, first: number, end: number] {
  const { phasesX, gridStepX, tapStepX, offsetX, inWidth } = passGeometry(pass);
  const [, width] = gridOf(pass);
  const [, { count }] = tapsOf(pass);
  const all = (pixels - 1) * gridStepX + count;
  if (phasesX > 1 || pixels < width) return [all, 0, all];
  const start = tapStepX > 0 ? offsetX : offsetX - count + 1;
  return [all, Math.max(0, -start), Math.min(all, inWidth - start)];
}

/** Expected time of all tiles of an image, for each row of taps and input channel. */
function timeOf(pass: Pass, lanes: number, { quads, pixels }: StripSize): number {
  const [, width] = gridOf(pass);
  const [, { count }] = tapsOf(pass);
  const { gridStepX } = passGeometry(pass);
  const [, first, end] = sourcesOf(pass, pixels);
  let met = 0; // pairs of output and tap
  for (let at = 0; at < pixels * count; at++) {
    const source = Math.floor(at / count) * gridStepX + (at % count);
    if (source >= first && source < end) met++;
  }
  const loads = LOAD * (end - first) + QUAD_LOAD * Math.ceil((quads * count) / lanes);
  const sums = 4 * quads * (STEP * met + ROUND * pixels + BROADCAST * count);
  const tiles = Math.ceil(width / pixels) * Math.ceil(pass.outChannels / (4 * quads));
  return tiles * (loads + sums);
}

function stripTile(pass: Pass, lanes: number, { quads, pixels }: StripSize): PassTile {
  const [height, width] = gridOf(pass);
  const [, { count }] = tapsOf(pass);
  const [, first, end] = sourcesOf(pass, pixels);
  const constants = {
    ...{ LANES: lanes, QUADS: quads, PIXELS: pixels },
    ...{ TAPS_X: count, STEP_X: passGeometry(pass).gridStepX },
    ...{ FIRST_SOURCE: first, END_SOURCE: end },
  };
  return {
    name: `strips ${4 * quads}x${pixels}`,
    channels: 4 * quads,
    items: height * Math.ceil(width / pixels),
    perGroup: lanes,
    call: (options) => callKernel(convSubgroupStrip, { ...options, constants }),
  };
}
