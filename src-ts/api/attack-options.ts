// What every attack can be told: the method's own options, which images, and how that runs.
import { OptionError } from '../core/errors.ts';
import type { Device } from './device.ts';
import type { ReadOptions } from './images.ts';
import type { MethodOptions } from './methods.ts';

/** Which images are attacked, and how that runs: options of every attack. */
export interface RunningOptions extends ReadOptions {
  /** Leaves out images whose predicted class is not their label. Default false. */
  readonly onlyCorrect?: boolean;
  /** An open device, or the name of one to open for this run: `auto`, `webgpu`, part of a name. */
  readonly device?: Device | string;
  /** Images attacked at a time; default 64, or as many as the device's buffers hold. */
  readonly batch?: number;
  /** Whether results carry the adversarial pixels. Default true in the library. */
  readonly pixels?: boolean;
  /**
   * Folder for the adversarial images as PNG files. Each is read again and judged once more; records
   * then tell `survives_8bit` and the norms of what was saved. Values beyond [0, 1] are clipped.
   */
  readonly saveImages?: string;
  /** Told of what did not go as asked: a smaller batch, a new device. By default a line on stderr. */
  readonly onNote?: (note: string) => void;
}

/** All options of one attack. */
export type RunOptionsOf<Own> = Own & RunningOptions;

/** All options of any attack: the method and its own, which images, and how they run. */
export type AttackOptions = RunOptionsOf<MethodOptions>;

export function requireBatch(batch: number | undefined): void {
  if (batch === undefined || (Number.isInteger(batch) && batch >= 1)) return;
  throw new OptionError(`--batch: expected a whole number ≥ 1, got ${batch}`);
}
