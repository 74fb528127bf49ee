// A case as a file: what a finding leaves behind, so that it can be run again after the mutations or
// the seeds' files have changed.
import type { Dtype } from '../../src-ts/core/shape.ts';
import type { TensorData } from '../../src-ts/core/tensor.ts';
import type { FuzzCase } from './fuzz-case.ts';

export interface HeldCase {
  readonly seed: number;
  readonly index: number;
  readonly found: string;
  readonly folder: string;
  /** The model, in base64. */
  readonly bytes: string;
  readonly parameters: readonly {
    readonly position: number;
    readonly dtype: Dtype;
    readonly shape: readonly number[];
    /** As text, which has NaN and infinities. */
    readonly data: readonly string[];
  }[];
}

export function holdCase(
  { bytes, folder, parameters }: FuzzCase,
  origin: Pick<HeldCase, 'seed' | 'index' | 'found'>,
): HeldCase {
  return {
    ...origin,
    folder,
    bytes: Buffer.from(bytes).toString('base64'),
    parameters: parameters.map(({ position, value: { dtype, shape, data } }) => ({
      position,
      dtype,
      shape,
      data: Array.from(data, String),
    })),
  };
}

/** Numbers in the storage of their element type. */
export function holdTensors(dtype: Dtype, numbers: TensorData): TensorData {
  return dtype === 'int32' || dtype === 'bool' ? Int32Array.from(numbers) : numbers;
}
