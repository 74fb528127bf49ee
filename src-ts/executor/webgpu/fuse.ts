// Groups a graph's nodes into the units that become kernels: trees of pointwise nodes are one
// expression, an expression after a convolution, matrix product or pool's gradient is its epilogue,
// reshapes are aliases, and row views stay views where every reader can look through the table.
import { elementCount, isStatic, sameShape } from '../../core/shape.ts';
import { inputIds, typeOf, type Graph, type Node } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { opDef } from '../../ops/builder.ts';
import { EPILOGUE_LIMITS } from '../../ops/epilogue.ts';
import {
  isPointwise,
  leafExpression,
  literalOf,
  pointwiseExpression,
  POINTWISE_LIMITS,
} from '../../ops/pointwise/pointwise.ts';

/** A row view: reads of the value go to row table[i] of `source`. */
export interface RowView {
  readonly source: ValueId;
  readonly table: ValueId;
}

export type Unit = NodeUnit | PointwiseUnit;

export interface NodeUnit {
  readonly kind: 'node';
  readonly node: Node;
  readonly output: ValueId;
  readonly epilogue: UnitEpilogue | null;
}

export interface PointwiseUnit {
  readonly kind: 'pointwise';
  readonly leaves: readonly ValueId[];
  /** Expression over the leaves' names a to d. */
  readonly expression: string;
  readonly output: ValueId;
  readonly label: string;
}

/** What becomes of each element before it is stored: an expression of `v`, and of other values at its place. */
export interface UnitEpilogue {
  readonly expression: string;
  /** `e0` and `e1` of the expression. */
  readonly extras: readonly ValueId[];
}

export interface FusedGraph {
  readonly units: readonly Unit[];
  readonly views: ReadonlyMap<ValueId, RowView>;
  /** Values that are another value under another shape. */
  readonly aliases: ReadonlyMap<ValueId, ValueId>;
}

/** An expression whose leaves are written «id». */
interface Tree {
  readonly leaves: readonly ValueId[];
  readonly text: string;
}

export function fuseGraph(graph: Graph): FusedGraph {
  const views = findViews(graph);
  const aliases = new Map<ValueId, ValueId>();
  for (const node of graph.nodes) {
    if (node.kind === 'reshape') aliases.set(node.output, node.inputs.x);
  }
  const uses = countUses(graph);
  const trees = growTrees(graph, views, uses);
  const inlined = new Set(trees.inlined);
  const units: Unit[] = [];
  for (const node of graph.nodes) {
    if (views.has(node.output) || aliases.has(node.output) || inlined.has(node.output)) continue;
    const tree = trees.of.get(node.output);
    units.push(tree === undefined ? plainUnit(node) : pointwiseUnit(graph, node, tree));
  }
  return { units: absorbEpilogues(graph, units, views, uses), views, aliases };
}

function plainUnit(node: Node): Unit {
  return { kind: 'node', node, output: node.output, epilogue: null };
}

function pointwiseUnit(graph: Graph, node: Node, tree: Tree): Unit {
  let expression = tree.text;
  for (const [index, id] of tree.leaves.entries()) {
    expression = expression.replaceAll(`«${id}»`, leafExpression(index, typeOf(graph, id).dtype));
  }
  const label = node.label === '' ? node.kind : node.label;
  return { kind: 'pointwise', leaves: tree.leaves, expression, output: node.output, label };
}

function countUses(graph: Graph): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  const count = (id: ValueId): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of graph.nodes) inputIds(node).forEach(count);
  for (const { id } of graph.outputs) count(id);
  return uses;
}

/** The `rows` nodes that nobody needs as a buffer of its own. */
function findViews(graph: Graph): Map<ValueId, RowView> {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const blocked = new Set<ValueId>(graph.outputs.map(({ id }) => id));
  for (const node of graph.nodes) {
    const { viewable = [] } = opDef(node.kind);
    for (const [name, id] of Object.entries(node.inputs as Record<string, ValueId | undefined>)) {
      if (id !== undefined && !viewable.includes(name)) blocked.add(id);
    }
    if (isPointwise(node.kind)) tooManyTables(node, producers).forEach((id) => blocked.add(id));
  }
  const views = new Map<ValueId, RowView>();
  for (const node of graph.nodes) {
    if (node.kind !== 'rows' || node.attrs.axis !== 0 || blocked.has(node.output)) continue;
    const { x, index } = node.inputs;
    const source = producers.get(x);
    if (views.has(x) || source?.kind === 'rows') continue; // a view of a view is copied
    views.set(node.output, { source: x, table: index });
  }
  return views;
}

/** The views a pointwise node reads through more tables than its kernel can bind. */
function tooManyTables(node: Node, producers: ReadonlyMap<ValueId, Node>): ValueId[] {
  const tables = new Set<ValueId>();
  return inputIds(node).filter((id) => {
    const producer = producers.get(id);
    if (producer?.kind !== 'rows') return false;
    if (!tables.has(producer.inputs.index) && tables.size === POINTWISE_LIMITS.tables) return true;
    tables.add(producer.inputs.index);
    return false;
  });
}

interface Trees {
  readonly of: ReadonlyMap<ValueId, Tree>;
  readonly inlined: readonly ValueId[];
}

/** Characters of an operand's expression that is written into another, which may name it several times. */
const MAX_TEXT = 4096;

/** An expression for every pointwise node, single-use operands of the same shape written into it. */
function growTrees(
  graph: Graph,
  views: ReadonlyMap<ValueId, RowView>,
  uses: ReadonlyMap<ValueId, number>,
): Trees {
  const of = new Map<ValueId, Tree>();
  const inlined: ValueId[] = [];
  for (const node of graph.nodes) {
    if (!isPointwise(node.kind)) continue;
    const { shape } = typeOf(graph, node.output);
    const operands = Object.entries(node.inputs as Record<string, ValueId>);
    const args = new Map(operands.map(([, id]) => [id, leafTree(graph, id)]));
    for (const [, id] of operands) {
      const tree = of.get(id);
      if (tree === undefined || uses.get(id) !== 1 || tree.text.length > MAX_TEXT) continue;
      if (!sameShape(typeOf(graph, id).shape, shape)) continue;
      const others = [...args].flatMap(([other, { leaves }]) => (other === id ? [] : leaves));
      if (!fits([...others, ...tree.leaves], views)) continue;
      args.set(id, tree);
      inlined.push(id);
    }
    const texts = Object.fromEntries(operands.map(([name, id]) => [name, args.get(id)!.text]));
    const from = typeOf(
      graph,
      (operands.find(([name]) => name !== 'condition') ?? operands[0]!)[1],
    );
    const leaves = [...new Set([...args.values()].flatMap((tree) => tree.leaves))];
    of.set(node.output, { leaves, text: pointwiseExpression(node, texts, from.dtype) });
  }
  return { of, inlined };
}

/** A value read from its buffer, or written as a literal when it is one constant number. */
function leafTree(graph: Graph, id: ValueId): Tree {
  const constant = graph.constants.get(id);
  const { shape } = typeOf(graph, id);
  if (constant !== undefined && isStatic(shape) && elementCount(shape) === 1) {
    return { leaves: [], text: literalOf(constant) };
  }
  return { leaves: [id], text: `«${id}»` };
}

function fits(leaves: readonly ValueId[], views: ReadonlyMap<ValueId, RowView>): boolean {
  const distinct = new Set(leaves);
  const tables = new Set([...distinct].flatMap((id) => views.get(id)?.table ?? []));
  return distinct.size <= POINTWISE_LIMITS.operands && tables.size <= POINTWISE_LIMITS.tables;
}

/**
 * Moves expressions into the kernel that makes one of their operands, where it takes an epilogue: so a
 * convolution adds its residual and applies its activation, and a gradient its mask, before they store.
 */
function absorbEpilogues(
  graph: Graph,
  units: readonly Unit[],
  views: ReadonlyMap<ValueId, RowView>,
  uses: ReadonlyMap<ValueId, number>,
): Unit[] {
  const out = new Map<ValueId, Unit>();
  for (const unit of units) {
    const producer =
      unit.kind === 'pointwise'
        ? unit.leaves
            .map((id) => out.get(id))
            .findLast((each) => canAbsorb(graph, each, unit, views, uses))
        : undefined;
    if (unit.kind !== 'pointwise' || producer?.kind !== 'node') {
      out.set(unit.output, unit);
      continue;
    }
    out.delete(producer.output);
    // In the later place: what else the expression reads is there by now.
    const epilogue = epilogueOf(unit, producer.output);
    out.set(unit.output, { ...producer, output: unit.output, epilogue });
  }
  return [...out.values()];
}

function canAbsorb(
  graph: Graph,
  producer: Unit | undefined,
  { leaves, output, expression }: PointwiseUnit,
  views: ReadonlyMap<ValueId, RowView>,
  uses: ReadonlyMap<ValueId, number>,
): boolean {
  if (producer?.kind !== 'node' || producer.epilogue !== null) return false;
  if (opDef(producer.node.kind).hasEpilogue !== true || uses.get(producer.output) !== 1)
    return false;
  // Kernels with an epilogue have none of the pointwise kernels' functions.
  if (expression.includes('math_')) return false;
  const { shape, dtype } = typeOf(graph, output);
  const alike = leaves.every((id) => {
    const leaf = typeOf(graph, id);
    return leaf.dtype === 'float32' && sameShape(leaf.shape, shape);
  });
  const tables = new Set(leaves.flatMap((id) => views.get(id)?.table ?? []));
  const fits = leaves.length - 1 <= EPILOGUE_LIMITS.extras && tables.size <= EPILOGUE_LIMITS.tables;
  return dtype === 'float32' && alike && fits;
}

/** A pointwise unit as the epilogue of the kernel that makes its leaf `made`. */
function epilogueOf({ leaves, expression }: PointwiseUnit, made: ValueId): UnitEpilogue {
  const extras = leaves.filter((id) => id !== made);
  let text = expression;
  for (const [k, id] of leaves.entries()) {
    const name = id === made ? 'v' : `e${extras.indexOf(id)}`;
    text = text.replaceAll(leafExpression(k, 'float32'), name);
  }
  // Kernels with an epilogue work on plain f32: the aliases become the types they stand for.
  const plain = { F: 'f32', I: 'i32', U: 'u32' } as const;
  for (const [alias, type] of Object.entries(plain)) {
    text = text.replaceAll(new RegExp(`\\b${alias}\\b`, 'g'), type);
  }
  return { expression: text, extras };
}
