// Kernels that walk down whole rows, held by the lanes of a subgroup: shaders/conv/rows.wgsl.
import { passGeometry, type Pass } from './pass.ts';

const MOST_TAPS = 7; // of an axis, that are unrolled
const QUAD = 4; // pixels that a lane loads at once, and the most it takes from a neighbour
const MOST_QUADS = 4; // of a lane

/** How lanes hold rows, as the kernels' constants. */
export interface Rows {
  readonly LANES: number;
  readonly ROW_LANES: number;
  readonly QUADS: number;
  readonly UP: number;
  readonly TAPS_Y: number;
  readonly TAPS_X: number;
  readonly HALO_Y: number;
  readonly HALO_X: number;
}

/** Planes that a subgroup holds rows of. */
export const planesOf = ({ LANES, ROW_LANES }: Rows): number => Math.floor(LANES / ROW_LANES);

/**
 * How the lanes of a subgroup hold the rows of a pass; null where they cannot: a stride forward, or two of
 * them, dilation, padding wider than the window, rows that are no whole fours or too long.
 */
export function rowsOf(pass: Pass, lanes: number): Rows | null {
  const geometry = passGeometry(pass);
  const { inWidth, outWidth, gridStepY, gridStepX, phasesY, phasesX } = geometry;
  const [tapsY, tapsX] = pass.window.kernel;
  const halo = (taps: number, offset: number): number =>
    pass.backward ? taps - 1 - offset : -offset;
  const [haloY, haloX] = [halo(tapsY, geometry.offsetY), halo(tapsX, geometry.offsetX)];
  const up = phasesX;
  const within = (taps: number, halo: number): boolean =>
    taps >= up && taps <= MOST_TAPS && halo >= 0 && halo < taps;
  const columns = Math.ceil(Math.max(inWidth, outWidth / up) / QUAD);
  const quads = Math.ceil(columns / lanes);
  const fits =
    [gridStepY, gridStepX, ...pass.window.dilations].every((step) => step === 1) &&
    phasesY === up &&
    [inWidth, outWidth].every((width) => width % QUAD === 0) &&
    within(tapsY, haloY) &&
    within(tapsX, haloX) &&
    Math.max(haloX, tapsX - 1 - haloX) <= QUAD * up &&
    quads <= MOST_QUADS;
  if (!fits) return null;
  return {
    ...{ LANES: lanes, ROW_LANES: Math.ceil(columns / quads), QUADS: quads, UP: up },
    ...{ TAPS_Y: tapsY, TAPS_X: tapsX, HALO_Y: haloY, HALO_X: haloX },
  };
}
