// Which inputs of a case stay inputs. Operators take the target of a Reshape or the axes of a sum as
// inputs; in models these are constants, and the importer asks for that. Nothing here knows operators:
// inputs are made constants in ever larger groups, and the first graph that can be imported is run.
import { EngineError, UnsupportedOpError } from '../../src-ts/core/errors.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import type { ConformanceCase } from './cases.ts';

export interface BoundGraph {
  readonly graph: Graph;
  /** Inputs that became constants. */
  readonly constants: readonly string[];
}

type Group = (value: Tensor, position: number) => boolean;

const isIndexLike = ({ dtype }: Tensor): boolean => dtype !== 'float32';

/** From nothing to everything; the first input is the data of nearly every operator. */
const GROUPS: readonly Group[] = [
  () => false,
  (value, i) => i > 0 && isIndexLike(value) && value.shape.length <= 1,
  (value, i) => i > 0 && isIndexLike(value),
  (value, i) => i > 0 && value.shape.length <= 1,
  (_value, i) => i > 0,
  (value) => isIndexLike(value),
  () => true,
];

/** Imports a case with as few inputs made constants as the rules ask for. */
export function bindCase(
  { name, folder }: ConformanceCase,
  bytes: Uint8Array,
  inputs: ReadonlyMap<string, Tensor>,
): BoundGraph {
  const tried = new Set<string>();
  let refused: EngineError | null = null;
  for (const group of GROUPS) {
    const chosen = [...inputs].filter(([, value], i) => group(value, i));
    const key = chosen.map(([input]) => input).join('\0');
    if (tried.has(key)) continue;
    tried.add(key);
    try {
      const constants = new Map(chosen);
      const graph = importOnnxGraph(bytes, { name, baseDir: folder, constants });
      return { graph, constants: chosen.map(([input]) => input) };
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      // Of several refusals, one of the operator says more than one of the last group's sizes.
      if (!(refused instanceof UnsupportedOpError) || thrown instanceof UnsupportedOpError) {
        refused = thrown;
      }
    }
  }
  throw refused!;
}
