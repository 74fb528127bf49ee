// How long a plan's calls would take on a machine, by a roofline: each kernel is bound by what it
// computes or by what it moves, and every dispatch has a price of its own.
import type { CallDescription } from './executor.ts';

/** What a machine reaches on one kernel. */
export interface Rate {
  /** Floating-point operations a second. */
  readonly flops: number;
  /** Bytes a second. */
  readonly bytes: number;
}

export interface Machine {
  /** Seconds for one dispatch that does nothing. */
  readonly dispatch: number;
  readonly rateOf: (call: CallDescription) => Rate;
  /** What a call costs among others, over what it costs by itself: 1 where that is all the same. */
  readonly sequence: number;
  /** Whether arithmetic hides memory traffic, as on GPUs; on a CPU the two add up. */
  readonly overlaps: boolean;
}

/** Seconds for calls one after the other. */
export function estimateSeconds(calls: readonly CallDescription[], machine: Machine): number {
  return machine.sequence * calls.reduce((sum, call) => sum + callSeconds(call, machine), 0);
}

function callSeconds(call: CallDescription, { dispatch, rateOf, overlaps }: Machine): number {
  const rate = rateOf(call);
  const [computing, moving] = [call.flops / rate.flops, call.bytes / rate.bytes];
  return dispatch + (overlaps ? Math.max(computing, moving) : computing + moving);
}

/** Kernels whose sums are long enough to be bound by arithmetic. */
export function isDense({ kernel }: CallDescription): boolean {
  return /^(conv|matmul|attention|winograd)/.test(kernel);
}

/** A kernel with the choices it was specialised by: what a measured rate belongs to. */
export function variantName({ kernel, variant }: CallDescription): string {
  const choices = Object.entries(variant).map(([name, value]) => `${name}=${value}`);
  return choices.length === 0 ? kernel : `${kernel}<${choices.join(',')}>`;
}

/** Rates of a machine as measured: by variant, by kernel, and for all others. */
export interface MeasuredRates {
  readonly dispatch: number;
  /** A whole step over its calls, each by itself again and again: then it finds what it reads in the cache. */
  readonly sequence: number;
  readonly variants: Readonly<Record<string, Rate>>;
  readonly kernels: Readonly<Record<string, Rate>>;
  readonly dense: Rate;
  readonly other: Rate;
}

/** A machine that computes on the CPU, from what was measured on it. */
export function measuredMachine(rates: MeasuredRates): Machine {
  const { dispatch, sequence, variants, kernels, dense, other } = rates;
  return {
    dispatch,
    sequence,
    overlaps: false,
    rateOf: (call) =>
      variants[variantName(call)] ?? kernels[call.kernel] ?? (isDense(call) ? dense : other),
  };
}
