// The element types that a file gives its values, where rules need to know more than the engine's four
// dtypes: an operator that quantises reads its range from the type of its zero point.
import { elementTypeName } from './proto/element-types.ts';
import type { OnnxGraph, OnnxNode } from './proto/messages.ts';

/** Operators whose result has the type of their first input. */
const KEEPING: ReadonlySet<string> = new Set([
  ...['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose', 'Slice'],
  ...['Gather', 'Expand', 'Concat', 'Split', 'MaxPool', 'Relu', 'Clip'],
]);

export class ElementTypes {
  readonly #types: Map<string, number>;

  constructor(types: ReadonlyMap<string, number>) {
    this.#types = new Map(types);
  }

  /** Those of a graph's inputs and constants, beside ones already known. */
  static of(graph: OnnxGraph, known?: ElementTypes): ElementTypes {
    const types = new Map(known === undefined ? [] : known.#types);
    for (const { name, elementType } of graph.inputs) {
      if (elementType !== null) types.set(name, elementType);
    }
    for (const [name, { elementType }] of graph.initializers) types.set(name, elementType);
    return new ElementTypes(types);
  }

  nameOf(name: string): string | null {
    const type = this.#types.get(name);
    return type === undefined ? null : elementTypeName(type);
  }

  /** Those of some names, under the names that a function's body has for them. */
  renamed(from: readonly string[], to: readonly string[]): ElementTypes {
    const pairs = to.flatMap((name, i): [string, number][] => {
      const type = this.#types.get(from[i] ?? '');
      return type === undefined ? [] : [[name, type]];
    });
    return new ElementTypes(new Map(pairs));
  }

  /** Takes note of what a node makes. */
  pass(node: OnnxNode): void {
    const type = statedType(node) ?? this.#keptType(node);
    if (type !== undefined) for (const name of node.outputs) this.#types.set(name, type);
  }

  #keptType({ operator, inputs: [first = ''] }: OnnxNode): number | undefined {
    return KEEPING.has(operator) ? this.#types.get(first) : undefined;
  }
}

/** The type that a node names itself. */
function statedType({ operator, attributes }: OnnxNode): number | undefined {
  const value = attributes.get('value');
  const to = attributes.get('to');
  if (operator === 'Constant' && value?.type === 'tensor') return value.value.elementType;
  return operator === 'Cast' && to?.type === 'int' ? to.value : undefined;
}
