// From a graph to a plan: kernel calls in order, which of them run once because all they read is
// constant, and a storage slot for every buffer. Pure: no device is touched.
//
// Slots are coloured by liveness. Every slot becomes a GPUBuffer of its own, because Dawn tracks
// hazards per buffer and a dispatch may not read and write one buffer.
import { InternalError } from '../../core/errors.ts';
import {
  elementCount,
  findBatch,
  resolveShape,
  stridesOf,
  type Extents,
  type TensorType,
} from '../../core/shape.ts';
import type { Tensor } from '../../core/tensor.ts';
import { inputIds, outputNamed, type Graph, type Node } from '../../graph/graph.ts';
import type { OpKind, ValueId } from '../../graph/op-set.ts';
import type { BufferRef, KernelCall } from '../../kernels/kernel.ts';
import { mapInputs, opDef } from '../../ops/builder.ts';
import { copyCall } from '../../ops/movement.ts';
import type { AdapterTraits, Epilogue, LowerContext, Operand } from '../../ops/op-def.ts';
import { pointwiseCall } from '../../ops/pointwise/pointwise.ts';
import { readsOfCall, refsOf, writesOf } from './accesses.ts';
import { fuseGraph, type FusedGraph, type NodeUnit, type Unit, type UnitEpilogue } from './fuse.ts';
import { lifetimes, shareSlots } from './liveness.ts';
import { findTwins } from './twins.ts';

/** Where a buffer lives: kept for the program's life, or in a slot shared over time. */
export type Storage =
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | { readonly kind: 'kept' }
  | { readonly kind: 'slot'; readonly slot: number };

export interface PlannedBuffer {
  readonly byteLength: number;
  readonly storage: Storage;
}

export interface PlannedCall {
  readonly call: KernelCall;
  readonly label: string;
}

export interface StateCopy {
  readonly from: ValueId;
  readonly to: ValueId;
  /** Live counts that move along: the symbol of the output's batch to that of the input's. */
  readonly extent: { readonly from: string; readonly to: string } | null;
}

export interface Plan {
  /** Calls to run once, when the program is made. */
  readonly once: readonly PlannedCall[];
  readonly calls: readonly PlannedCall[];
  readonly buffers: ReadonlyMap<ValueId, PlannedBuffer>;
  readonly slotBytes: readonly number[];
  /** The buffer that holds a value: itself, the value it is an alias of, or whose storage it took. */
  readonly rootOf: (id: ValueId) => ValueId;
  readonly copies: readonly StateCopy[];
  readonly symbols: readonly string[];
}

/** Buffers are padded to whole vec4s so that kernels may read them in fours. */
const ALIGNMENT = 16;

export interface PlanOptions {
  readonly capacity: Extents;
  readonly traits: AdapterTraits;
  readonly state?: Readonly<Record<string, string>>;
}

export function planGraph(graph: Graph, options: PlanOptions): Plan {
  const planner = new Planner(graph, options);
  return planner.plan();
}

/** Bytes of a value at a capacity. */
export function byteLengthOf(type: TensorType, capacity: Extents): number {
  const bytes = 4 * elementCount(resolveShape(type.shape, capacity));
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

class Planner {
  readonly #graph: Graph;
  readonly #options: PlanOptions;
  readonly #fused: FusedGraph;
  readonly #types: Map<ValueId, TensorType>;
  /** Values that took over the storage of another. */
  readonly #takenOver = new Map<ValueId, ValueId>();
  readonly #calls: PlannedCall[] = [];
  #nextId: number;

  constructor(graph: Graph, options: PlanOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#fused = fuseGraph(graph);
    this.#types = new Map(graph.types);
    this.#nextId = Math.max(-1, ...graph.types.keys()) + 1;
  }

  plan(): Plan {
    for (const [at, unit] of this.#fused.units.entries()) this.#lowerUnit(unit, at);
    const rootOf = (id: ValueId): ValueId => this.#rootOf(id);
    const fixed = this.#constantBuffers();
    const isOnce = ({ call }: PlannedCall): boolean =>
      writesOf(call).every((id) => fixed.has(rootOf(id)));
    const calls = this.#calls.filter((planned) => !isOnce(planned));
    const once = this.#withoutTwins(this.#calls.filter(isOnce));
    const { buffers, slotBytes } = this.#placeBuffers(calls, fixed);
    return {
      once,
      calls,
      buffers,
      slotBytes,
      rootOf,
      copies: this.#stateCopies(),
      symbols: this.#symbols(),
    };
  }

  #rootOf(id: ValueId): ValueId {
    let root = id;
    for (;;) {
      const next = this.#fused.aliases.get(root) ?? this.#takenOver.get(root);
      if (next === undefined) return root;
      root = next;
    }
  }

  #typeOf(id: ValueId): TensorType {
    const type = this.#types.get(id);
    if (type === undefined) throw new InternalError(`value %${id} has no type`);
    return type;
  }

  #operand(id: ValueId): Operand {
    const type = this.#typeOf(id);
    const view = this.#fused.views.get(id);
    return {
      type,
      shape: resolveShape(type.shape, this.#options.capacity),
      buffer: this.#buffer(view?.source ?? id),
      stored: view === undefined ? type : this.#typeOf(view.source),
      table: view === undefined ? null : this.#buffer(view.table),
    };
  }

  #buffer(id: ValueId): BufferRef {
    return { of: 'value', id: this.#rootOf(id) };
  }

  // ---- lowering ------------------------------------------------------------------------------

  #lowerUnit(unit: Unit, at: number): void {
    if (unit.kind === 'pointwise') {
      const leaves = unit.leaves.map((id) => this.#operand(id));
      const call = pointwiseCall(leaves, this.#operand(unit.output), unit.expression);
      this.#calls.push({ call, label: unit.label });
      return;
    }
    const { node } = unit;
    const label = node.label === '' ? node.kind : node.label;
    const { inPlace } = opDef(node.kind);
    if (inPlace !== undefined) this.#takeStorage(node, inPlace, at, label);
    for (const call of this.#lowerNode(unit)) this.#calls.push({ call, label });
  }

  #lowerNode({ node, output, epilogue }: NodeUnit): KernelCall[] {
    const context: LowerContext<OpKind> = {
      node,
      inputs: mapInputs(node.inputs as never, (id) => this.#operand(id)),
      output: this.#operand(output),
      traits: this.#options.traits,
      extents: this.#options.capacity,
      constantOf: (input) => {
        const id = (node.inputs as Record<string, ValueId | undefined>)[input];
        return id === undefined ? null : (this.#graph.constants.get(id) ?? null);
      },
      temporary: (type) => this.#temporary(type),
      epilogue: epilogue === null ? null : this.#epilogue(epilogue),
    };
    return opDef(node.kind).lower(context);
  }

  #epilogue({ expression, extras }: UnitEpilogue): Epilogue {
    return { expression, extras: extras.map((id) => this.#operand(id)) };
  }

  #temporary(type: TensorType): Operand {
    const id = this.#nextId++ as ValueId;
    this.#types.set(id, type);
    return this.#operand(id);
  }

  /** Lets a node write into its input's storage, after a copy where that is still needed. */
  #takeStorage(node: Node, input: string, at: number, label: string): void {
    const source = (node.inputs as Record<string, ValueId>)[input]!;
    if (this.#mayOverwrite(source, node.output, at)) {
      this.#takenOver.set(node.output, source);
      return;
    }
    const from = this.#operand(source);
    const to = this.#operand(node.output);
    const natural = { strides: stridesOf(from.shape) };
    this.#calls.push({ call: copyCall(from, from, natural, to, natural), label });
  }

  #mayOverwrite(source: ValueId, output: ValueId, at: number): boolean {
    const root = this.#rootOf(source);
    if (this.#graph.constants.has(root)) return false;
    if (this.#graph.outputs.some(({ id }) => this.#rootOf(id) === root)) return false;
    const later = this.#fused.units.slice(at + 1);
    if (later.some((unit) => readsOf(unit, this.#fused).some((id) => this.#rootOf(id) === root))) {
      return false;
    }
    const input = this.#graph.inputs.find(({ id }) => id === root);
    if (input === undefined) return true;
    const becomes = this.#options.state?.[input.name];
    return becomes !== undefined && outputNamed(this.#graph, becomes) === output;
  }

  // ---- constants -----------------------------------------------------------------------------

  /** Buffers that hold the same values in every run: constants, and what is made of them alone. */
  #constantBuffers(): Set<ValueId> {
    const fixed = new Set<ValueId>(this.#graph.constants.keys());
    const varying = new Set<ValueId>(this.#graph.inputs.map(({ id }) => id));
    for (const { call } of this.#calls) {
      const depends =
        call.work.batch !== null ||
        refsOf(call).some((ref) => ref.of === 'extent') ||
        readsOfCall(call).some((id) => varying.has(this.#rootOf(id)));
      for (const id of writesOf(call)) {
        const root = this.#rootOf(id);
        if (depends) varying.add(root);
        else if (!varying.has(root)) fixed.add(root);
      }
    }
    // A buffer written both by fixed and by varying calls varies as a whole.
    return new Set([...fixed].filter((id) => !varying.has(id)));
  }

  /** The calls whose results no earlier one makes; results of the others become names for its own. */
  #withoutTwins(once: readonly PlannedCall[]): PlannedCall[] {
    const rootOf = (id: ValueId): ValueId => this.#rootOf(id);
    const twins = findTwins(
      once.map(({ call }) => call),
      rootOf,
    );
    const kept = once.filter(({ call }) => !writesOf(call).some((id) => twins.has(rootOf(id))));
    for (const [id, twin] of twins) this.#takenOver.set(id, twin);
    return kept;
  }

  // ---- storage -------------------------------------------------------------------------------

  #placeBuffers(
    calls: readonly PlannedCall[],
    fixed: ReadonlySet<ValueId>,
  ): { buffers: Map<ValueId, PlannedBuffer>; slotBytes: readonly number[] } {
    const { capacity } = this.#options;
    const buffers = new Map<ValueId, PlannedBuffer>();
    const keep = (id: ValueId): void => {
      const root = this.#rootOf(id);
      const tensor = this.#graph.constants.get(root);
      const storage: Storage =
        tensor === undefined ? { kind: 'kept' } : { kind: 'constant', tensor };
      buffers.set(root, { byteLength: byteLengthOf(this.#typeOf(root), capacity), storage });
    };
    for (const { id } of [...this.#graph.inputs, ...this.#graph.outputs]) keep(id);
    for (const id of fixed) keep(id);
    const tenants = [...lifetimes(calls, (id) => this.#rootOf(id))].flatMap(([id, life]) =>
      buffers.has(id) ? [] : [{ id, life, byteLength: byteLengthOf(this.#typeOf(id), capacity) }],
    );
    const { slotOf, byteLengths } = shareSlots(tenants);
    for (const { id, byteLength } of tenants) {
      buffers.set(id, { byteLength, storage: { kind: 'slot', slot: slotOf.get(id)! } });
    }
    return { buffers, slotBytes: byteLengths };
  }

  // ---- state ---------------------------------------------------------------------------------

  #stateCopies(): StateCopy[] {
    const pairs = Object.entries(this.#options.state ?? {});
    return pairs.flatMap(([inputName, outputName]) => {
      const input = this.#graph.inputs.find(({ name }) => name === inputName);
      if (input === undefined) throw new InternalError(`state "${inputName}" is no input`);
      const output = outputNamed(this.#graph, outputName);
      const from = this.#rootOf(output);
      const to = this.#rootOf(input.id);
      if (from === to) return [];
      const fromBatch = findBatch(this.#typeOf(output).shape);
      const toBatch = findBatch(this.#typeOf(input.id).shape);
      const moves =
        fromBatch !== null && toBatch !== null && fromBatch.dim.symbol !== toBatch.dim.symbol;
      const extent = moves ? { from: fromBatch.dim.symbol, to: toBatch.dim.symbol } : null;
      return [{ from, to, extent }];
    });
  }

  #symbols(): string[] {
    const found = new Set<string>();
    for (const type of this.#types.values()) {
      for (const dim of type.shape) if (typeof dim !== 'number') found.add(dim.symbol);
    }
    return [...found];
  }
}

/** The values a unit reads, row tables and the sources of views included. */
function readsOf(unit: Unit, { views }: FusedGraph): ValueId[] {
  const ids =
    unit.kind === 'pointwise'
      ? unit.leaves
      : [...inputIds(unit.node), ...(unit.epilogue?.extras ?? [])];
  return ids.flatMap((id) => {
    const view = views.get(id);
    return view === undefined ? [id] : [view.source, view.table];
  });
}
