// What another library must do to stand in the attack bench: the same algorithm, written well for it.
import type { Graph } from '../../src-ts/graph/graph.ts';

/** The options of all attacks here: p = 2, K = 10, η = 0.02, 50 steps, no bounds, no stabilizer. */
export const [CANDIDATES, OVERSHOOT, MAX_STEPS] = [10, 0.02, 50];
/** A step is never shorter than this times ‖x0‖. */
export const SHORTEST_STEP = 1e-7;

export interface Subject {
  /** Graph and image size; normalisation that is no part of the file is already part of the graph. */
  readonly graph: Graph;
  readonly image: readonly [channels: number, height: number, width: number];
}

export interface AttackOutcome {
  readonly adversarial: number;
  readonly steps: number;
  /** ‖r̂‖₂ */
  readonly l2: number;
}

export interface AttackRival {
  readonly name: string;
  /** Attacks images [C, H, W] in fixed batches; those that are done drop out of theirs. */
  readonly attack: (images: readonly Float32Array[], batch: number) => Promise<AttackOutcome[]>;
}
