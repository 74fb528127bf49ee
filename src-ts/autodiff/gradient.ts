// Reverse-mode differentiation as graph transformation: `gradient` appends the vector-Jacobian product
// of values already in a graph as ordinary nodes, so that executors, passes and the exporter serve
// gradients without knowing them.
//
// Several cotangents of one forward pass are folded into the batch: the cotangents have rows for
// (image, class) pairs, and every forward value that a rule touches comes as `rows(value, owner)`,
// a view in which pair p sees the row of image owner[p]. The rules do not know about it, one forward
// pass serves all classes, and kernels read the view through the table without copying it.
import { InternalError, NotDifferentiableError } from '../core/errors.ts';
import { findBatch } from '../core/shape.ts';
import { intTensor } from '../core/tensor.ts';
import type { Node } from '../graph/graph.ts';
import { inputIds } from '../graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../graph/op-set.ts';
import { mapInputs, opDef, type GraphBuilder } from '../ops/builder.ts';
import type { VjpContext } from '../ops/op-def.ts';

export interface GradientRequest {
  /** Each output with its cotangent, of the output's shape; with `owner`, one row for each pair. */
  readonly seeds: readonly { readonly of: ValueId; readonly cotangent: ValueId }[];
  /** Values whose cotangents are wanted: inputs of the graph, or its parameters. */
  readonly wrt: readonly ValueId[];
  /** Folds pairs into the batch: for each pair the row, along dimensions of `symbol`, that it reads. */
  readonly owner?: { readonly index: ValueId; readonly symbol: string };
}

/**
 * Appends the vector-Jacobian product to `builder`.
 * Returns the cotangent of each value of `wrt`, in order; null where no path leads to a seed.
 * Throws NotDifferentiableError naming the node when a path crosses an op without a gradient.
 */
export function gradient(builder: GraphBuilder, request: GradientRequest): (ValueId | null)[] {
  const forward = [...builder.nodes];
  const active = dependents(forward, request.wrt);
  const views = new RowViews(builder, request.owner);
  const cotangents = new Map<ValueId, ValueId>();
  const accumulate = (id: ValueId, cotangent: ValueId): void => {
    const sum = cotangents.get(id);
    cotangents.set(
      id,
      sum === undefined ? cotangent : builder.emit('add', { a: sum, b: cotangent }, {}),
    );
  };
  for (const { of, cotangent } of request.seeds) accumulate(of, cotangent);
  for (const node of forward.toReversed()) {
    const dy = cotangents.get(node.output);
    if (dy === undefined || !inputIds(node).some((id) => active.has(id))) continue;
    for (const [id, cotangent] of applyVjp(builder, node, dy, views, active)) {
      accumulate(id, cotangent);
    }
  }
  return request.wrt.map((id) => cotangents.get(id) ?? null);
}

/** The values that depend on any of `roots`, roots included. */
function dependents(nodes: readonly Node[], roots: readonly ValueId[]): ReadonlySet<ValueId> {
  const found = new Set(roots);
  for (const node of nodes) {
    if (inputIds(node).some((id) => found.has(id))) found.add(node.output);
  }
  return found;
}

function applyVjp(
  builder: GraphBuilder,
  node: Node,
  dy: ValueId,
  views: RowViews,
  active: ReadonlySet<ValueId>,
): [ValueId, ValueId][] {
  const { vjp } = opDef(node.kind);
  const name = node.label === '' ? node.kind : `${node.kind} "${node.label}"`;
  if (vjp === 'not differentiable') {
    throw new NotDifferentiableError(`${name} has no gradient, and the output depends on it`);
  }
  const inputs = node.inputs as Readonly<Record<string, ValueId | undefined>>;
  const needs = (input: string): boolean => {
    const id = inputs[input];
    return id !== undefined && active.has(id);
  };
  const context: VjpContext = {
    emit: (kind, ids, attrs) => views.emit(kind, ids, attrs, node.label),
    typeOf: (id) => builder.typeOf(id),
    constant: (tensor) => builder.constant(tensor),
    needs,
  };
  const seen = {
    inputs: mapInputs(node.inputs as never, (id) => views.of(id)) as never,
    output: views.of(node.output),
    attrs: node.attrs as never,
  };
  const found = vjp(seen, dy, context);
  return Object.entries(found).flatMap(([input, cotangent]) => {
    const id = inputs[input];
    if (id === undefined) throw new InternalError(`${name}: gradient of unknown input ${input}`);
    return needs(input) && cotangent !== undefined ? [[id, cotangent] as [ValueId, ValueId]] : [];
  });
}

/**
 * Ops on forward values alone that are worth computing once an image rather than once a pair, for all
 * gradients of the graph. Pointwise ones are not among them: they cost nothing inside the kernel that
 * reads the view.
 */
const ONCE_AN_IMAGE: ReadonlySet<OpKind> = new Set<OpKind>(['max_pool_argmax', 'softmax']);

/** How pairs see forward values: batched ones through the owner table, all others as they are. */
class RowViews {
  readonly #builder: GraphBuilder;
  readonly #owner: GradientRequest['owner'];
  readonly #views = new Map<ValueId, ValueId>();
  readonly #sources = new Map<ValueId, ValueId>();
  readonly #tables = new Map<number, ValueId>();

  constructor(builder: GraphBuilder, owner: GradientRequest['owner']) {
    this.#builder = builder;
    this.#owner = owner;
  }

  of(id: ValueId): ValueId {
    const known = this.#views.get(id);
    if (known !== undefined || this.#owner === undefined) return known ?? id;
    const batch = findBatch(this.#builder.typeOf(id).shape);
    if (batch?.dim.symbol !== this.#owner.symbol) return id;
    const index = this.#table(this.#owner.index, batch.dim.times);
    const view = this.#builder.emit('rows', { x: id, index }, { axis: batch.axis });
    this.#views.set(id, view);
    this.#sources.set(view, id);
    return view;
  }

  /** Appends a node of a rule: on the images instead of the pairs, where that is the same and less. */
  emit<K extends OpKind>(kind: K, inputs: OpInputs<K>, attrs: OpAttrs<K>, label: string): ValueId {
    const ids = Object.values(inputs as Record<string, ValueId>);
    const onImages = ONCE_AN_IMAGE.has(kind) && ids.every((id) => this.#sources.has(id));
    if (!onImages) return this.#builder.emit(kind, inputs, attrs, label);
    const sources = mapInputs<K, ValueId>(inputs, (id) => this.#sources.get(id)!);
    return this.of(this.#builder.emitOnce(kind, sources as unknown as OpInputs<K>, attrs, label));
  }

  #table(owner: ValueId, times: number): ValueId {
    if (times === 1) return owner;
    const table = this.#tables.get(times) ?? blockTable(this.#builder, owner, times);
    this.#tables.set(times, table);
    return table;
  }
}

/** The table for dimensions that hold `times` rows for each image: owner[p] · times + j. */
function blockTable(builder: GraphBuilder, index: ValueId, times: number): ValueId {
  const pairs = builder.typeOf(index).shape[0]!;
  const wide = typeof pairs === 'number' ? pairs * times : { ...pairs, times: pairs.times * times };
  const column = builder.emit('reshape', { x: index }, { shape: [pairs, 1] });
  const factor = builder.constant(intTensor([1], [times]));
  const steps = builder.constant(intTensor([times], [...Array(times).keys()]));
  const first = builder.emit('mul', { a: column, b: factor }, {});
  const block = builder.emit('add', { a: first, b: steps }, {});
  return builder.emit('reshape', { x: block }, { shape: [wide] });
}
