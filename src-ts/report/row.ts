// What reports need to know of one attacked image; the records of every attack have it, and more.
export type RowStatus = 'fooled' | 'exhausted' | 'stalled' | 'failed';

export interface ResultRow {
  readonly index: number;
  readonly source: string;
  readonly label: number | null;
  readonly predicted: number | null;
  readonly adversarial: number | null;
  readonly status: RowStatus;
  readonly steps: number;
  /** Gradients computed over all steps, of attacks that tell. */
  readonly products?: number;
  /** Null when the image was not fooled, or has no norm to divide by. */
  readonly rho: number | null;
  readonly rho_input?: number | null;
  readonly refined_rho?: number | null;
  readonly quantized_scale?: number | null;
  readonly quantized_rho?: number | null;
  /** Present when the image was rounded to 8 bits, or saved. */
  readonly survives_8bit?: boolean | null;
  readonly saved_as?: string | null;
  readonly saved_rho?: number | null;
  /** Smallest and largest value of the adversarial image. */
  readonly min: number | null;
  readonly max: number | null;
  readonly error: string | null;
  /** Name and hash of the table that kernel variants came from. */
  readonly tuning?: string;
}
