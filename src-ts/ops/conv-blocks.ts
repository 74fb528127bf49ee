// The order in which a subgroup's tile takes pixels. A tap that a whole tile meets in the padding is
// skipped; so where padding is much of the work, as in the gradient of a wide window on a small plane,
// lanes take blocks of pixels, the same block of several images, which meet more of it together.
import { gridOf, passGeometry, type Pass } from './conv-pass.ts';

/** Rows of a block; as many columns as make it a subgroup. */
export const BLOCK_ROWS = 2;

const LARGEST_GRID = 32 * 32; // borders are little of a larger one
const ENOUGH = 0.85; // of the work, below which blocks are worth their own pipeline

export const blocksOf = (pass: Pass, lanes: number): readonly [number, number] => {
  const [height, width] = gridOf(pass);
  return [Math.ceil(height / BLOCK_ROWS), Math.ceil((width * BLOCK_ROWS) / lanes)];
};

/** Whether blocks can be taken, and might meet more padding than lines do. */
export function mayTakeBlocks(pass: Pass): boolean {
  const [height, width] = gridOf(pass);
  const { phasesY, phasesX, kernelHeight, kernelWidth } = passGeometry(pass);
  const windowed = phasesY * phasesX === 1 && kernelHeight * kernelWidth > 1;
  return windowed && height * width <= LARGEST_GRID;
}

/** Whether tiles of `pixels` · `lanes` pixels in a line visit many more taps than blocks do. */
export function prefersBlocks(pass: Pass, lanes: number, pixels: number): boolean {
  if (!mayTakeBlocks(pass)) return false;
  const [, width] = gridOf(pass);
  const blockWidth = lanes / BLOCK_ROWS;
  const [, blocksX] = blocksOf(pass, lanes);
  const line = visits(pass, lanes * pixels, (y, x) => Math.floor((y * width + x) / lanes / pixels));
  const blocks = visits(
    pass,
    lanes,
    (y, x) => Math.floor(y / BLOCK_ROWS) * blocksX + Math.floor(x / blockWidth),
  );
  return blocks < ENOUGH * line;
}

/** Meetings of taps with tiles of `size` pixels, any pixel of which meets them, times that size. */
function visits(pass: Pass, size: number, tileOf: (y: number, x: number) => number): number {
  const g = passGeometry(pass);
  const met = new Set<number>();
  const taps = g.kernelHeight * g.kernelWidth;
  for (let y = 0; y < g.gridHeight; y++) {
    for (let x = 0; x < g.gridWidth; x++) {
      for (let tap = 0; tap < taps; tap++) {
        const sourceY = y * g.gridStepY + g.offsetY + Math.floor(tap / g.kernelWidth) * g.tapStepY;
        const sourceX = x * g.gridStepX + g.offsetX + (tap % g.kernelWidth) * g.tapStepX;
        const inside = sourceY >= 0 && sourceY < g.inHeight && sourceX >= 0 && sourceX < g.inWidth;
        if (inside) met.add(tileOf(y, x) * taps + tap);
      }
    }
  }
  return met.size * size;
}
