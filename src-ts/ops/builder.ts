// Builds graphs: gives ids, infers types as nodes arrive, and so refuses a wrong graph at the node
// that is wrong. The result is immutable; several graphs may be built from one another by `inline`.
import { InternalError } from '../core/errors.ts';
import { keyOf } from '../core/key.ts';
import type { TensorType } from '../core/shape.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import type { Graph, Node, NodeOf, Port } from '../graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../graph/op-set.ts';
import { ops } from './index.ts';
import type { InputsAs, OpDef } from './op-def.ts';

/** The definition of an op, typed by its kind. */
export function opDef<K extends OpKind>(kind: K): OpDef<K> {
  return ops[kind];
}

/** Replaces each id of a node's inputs; absent optional inputs stay absent. */
export function mapInputs<K extends OpKind, T>(
  inputs: OpInputs<K>,
  map: (id: ValueId, name: string) => T,
): InputsAs<K, T> {
  const entries = Object.entries(inputs as Record<string, ValueId | undefined>);
  return Object.fromEntries(
    entries.flatMap(([name, id]) => (id === undefined ? [] : [[name, map(id, name)]])),
  ) as InputsAs<K, T>;
}

export class GraphBuilder {
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #constants = new Map<ValueId, Tensor>();
  readonly #nodes: Node[] = [];
  readonly #types = new Map<ValueId, TensorType>();
  readonly #shared = new Map<Tensor | number, ValueId>();
  readonly #once = new Map<string, ValueId>();
  #next = 0;

  input(name: string, type: TensorType): ValueId {
    const id = this.#newId(type);
    this.#inputs.push({ name, id });
    return id;
  }

  /** A constant; the same tensor object is entered once. */
  constant(tensor: Tensor): ValueId {
    const known = this.#shared.get(tensor);
    if (known !== undefined) return known;
    const id = this.#newId({ dtype: tensor.dtype, shape: tensor.shape });
    this.#constants.set(id, tensor);
    this.#shared.set(tensor, id);
    return id;
  }

  /** A float32 scalar constant. */
  scalar(value: number): ValueId {
    const known = this.#shared.get(value);
    if (known !== undefined) return known;
    const id = this.constant(scalar(value));
    this.#shared.set(value, id);
    return id;
  }

  /** Appends a node and returns its output. Throws ShapeError when the operands do not fit. */
  emit<K extends OpKind>(kind: K, inputs: OpInputs<K>, attrs: OpAttrs<K>, label = ''): ValueId {
    const types = mapInputs<K, TensorType>(inputs, (id) => this.typeOf(id));
    const output = this.#newId(opDef(kind).infer(types, attrs, label));
    const node: NodeOf<K> = { kind, inputs, attrs, output, label };
    this.#nodes.push(node as unknown as Node);
    return output;
  }

  /** The output of an equal node that was appended by this method, or of a new one. */
  emitOnce<K extends OpKind>(kind: K, inputs: OpInputs<K>, attrs: OpAttrs<K>, label = ''): ValueId {
    const key = keyOf([kind, inputs, attrs]);
    const output = this.#once.get(key) ?? this.emit(kind, inputs, attrs, label);
    this.#once.set(key, output);
    return output;
  }

  output(name: string, id: ValueId): void {
    this.#outputs.push({ name, id });
  }

  typeOf(id: ValueId): TensorType {
    const type = this.#types.get(id);
    if (type === undefined) throw new InternalError(`value %${id} is not of this graph`);
    return type;
  }

  constantOf(id: ValueId): Tensor | null {
    return this.#constants.get(id) ?? null;
  }

  /** The nodes appended so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /**
   * Copies `graph` into this one, its inputs bound to values of this one; a node for which `replace`
   * gives a value is left out, and that value takes its place.
   * Returns where each of its values went.
   */
  inline(
    graph: Graph,
    bindings: Readonly<Record<string, ValueId>>,
    replace: (node: Node, moved: (id: ValueId) => ValueId) => ValueId | null = () => null,
  ): ReadonlyMap<ValueId, ValueId> {
    const moved = new Map<ValueId, ValueId>();
    const lookup = (id: ValueId): ValueId => {
      const to = moved.get(id);
      if (to === undefined) throw new InternalError(`value %${id} is used before it is made`);
      return to;
    };
    for (const { name, id } of graph.inputs) {
      const bound = bindings[name];
      if (bound === undefined) throw new InternalError(`graph input "${name}" is not bound`);
      moved.set(id, bound);
    }
    for (const [id, tensor] of graph.constants) moved.set(id, this.constant(tensor));
    for (const node of graph.nodes) {
      const replaced = replace(node, lookup);
      if (replaced !== null) moved.set(node.output, replaced);
      else {
        const inputs = mapInputs(node.inputs, lookup) as never;
        moved.set(node.output, this.emit(node.kind, inputs, node.attrs, node.label));
      }
    }
    return moved;
  }

  finish(): Graph {
    return {
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      constants: new Map(this.#constants),
      nodes: [...this.#nodes],
      types: new Map(this.#types),
    };
  }

  #newId(type: TensorType): ValueId {
    const id = this.#next++ as ValueId;
    this.#types.set(id, type);
    return id;
  }
}
