// What an attack hands out for each image.
import type { AttackImage, AttackRecord } from '../attack/record.ts';

/** What became of one image. */
export interface Result {
  readonly record: AttackRecord;
  /** The image as attacked; null when it could not be read. */
  readonly image: AttackImage | null;
  /** The adversarial image [C, H, W], in the measured space; null unless it was fooled. */
  readonly adversarial: Float32Array | null;
}

/** Whether --only-correct leaves the image out: it was read and is not predicted as labelled. */
export function isWrong({ label, predicted }: AttackRecord): boolean {
  return predicted !== null && predicted !== label;
}
