// Kernels that walk down whole rows, held by the lanes of a subgroup: shaders/conv/rows.wgsl.
import { passGeometry, type Pass } from './pass.ts';

/** Of an axis, that are unrolled. */
export const MOST_TAPS = 7;
const CELL = 4; // pixels that a lane loads at once, where rows are whole cells; else one by one
const MOST_CELLS = 4; // of a lane
const FEWEST_OUTPUTS = 12; // of a lane: with fewer, finding its plane and weights takes longest

/** How lanes hold rows. */
export interface Rows {
  /** Pixels of a cell, which is the most a lane takes from a neighbour. */
  readonly cell: number;
  readonly constants: RowConstants;
}

interface RowConstants {
  readonly LANES: number;
  readonly ROW_LANES: number;
  readonly CELLS: number;
  readonly UP: number;
  readonly TAPS_Y: number;
  readonly TAPS_X: number;
  readonly HALO_Y: number;
  readonly HALO_X: number;
}

/** Planes that a subgroup holds rows of. */
export const planesOf = ({ constants: { LANES, ROW_LANES } }: Rows): number =>
  Math.floor(LANES / ROW_LANES);

/**
 * How the lanes of a subgroup hold the rows of a pass; null where they cannot: a stride forward, or two of
 * them, dilation, padding wider than the window, rows too long for the lanes or too short for the taps, or few.
 */
export function rowsOf(pass: Pass, lanes: number): Rows | null {
  const geometry = passGeometry(pass);
  const { inWidth, outHeight, outWidth, gridStepY, gridStepX, phasesY, phasesX } = geometry;
  const [tapsY, tapsX] = pass.window.kernel;
  const halo = (taps: number, offset: number): number =>
    pass.backward ? taps - 1 - offset : -offset;
  const [haloY, haloX] = [halo(tapsY, geometry.offsetY), halo(tapsX, geometry.offsetX)];
  const up = phasesX;
  const within = (taps: number, halo: number): boolean =>
    taps >= up && taps <= MOST_TAPS && halo >= 0 && halo < taps;
  const cell = [inWidth, outWidth].every((width) => width % CELL === 0) ? CELL : 1;
  const columns = Math.ceil(Math.max(inWidth, outWidth / up) / cell);
  const cells = Math.ceil(columns / lanes);
  const fits =
    [gridStepY, gridStepX, ...pass.window.dilations].every((step) => step === 1) &&
    phasesY === up &&
    within(tapsY, haloY) &&
    within(tapsX, haloX) &&
    Math.max(haloX, tapsX - 1 - haloX) <= cell * up &&
    cells <= MOST_CELLS &&
    outHeight * cells * cell * up >= FEWEST_OUTPUTS;
  if (!fits) return null;
  const constants = {
    ...{ LANES: lanes, ROW_LANES: Math.ceil(columns / cells), CELLS: cells, UP: up },
    ...{ TAPS_Y: tapsY, TAPS_X: tapsX, HALO_Y: haloY, HALO_X: haloX },
  };
  return { cell, constants };
}
