// Pointwise ops: NumPy broadcasting, the gradients' sums over broadcast axes, and one kernel for any
// expression of up to four operands. The rows are in `unary.ts` and `binary.ts`.
import { InternalError, ShapeError } from '../../core/errors.ts';
import {
  broadcastShapes,
  elementCount,
  formatType,
  sameDim,
  sameShape,
  type Dtype,
  type TensorType,
} from '../../core/shape.ts';
import { allocate, scalar, type Tensor } from '../../core/tensor.ts';
import type { Node } from '../../graph/graph.ts';
import type { OpKind, ValueId } from '../../graph/op-set.ts';
import {
  callKernel,
  defineKernel,
  NO_BUFFER,
  type BufferRef,
  type KernelCall,
} from '../../kernels/kernel.ts';
import { broadcastStrides, IndexParams, indexTerms, INDEX_PARAM_LIMIT } from '../indexing.ts';
import { costOf, elementsPerRow, workOverElements } from '../lowering.ts';
import type { OpDef, OpFamily, Operand, VjpContext } from '../op-def.ts';
import { binaryRows, type BinaryKind } from './binary.ts';
import { numberLiteral, type DerivativeContext } from './row.ts';
import { unaryRows, type UnaryKind, type UnaryRow } from './unary.ts';

const declaration = {
  constants: [],
  slots: ['load_a', 'load_b', 'load_c', 'load_d', 'apply'],
  buffers: ['a', 'b', 'c', 'd', 'table0', 'table1', 'y'],
  params: ['unit', 'q'],
} as const;
const scalarKernel = defineKernel({ file: 'pointwise/pointwise.wgsl', ...declaration });
const vec4Kernel = defineKernel({ file: 'pointwise/pointwise_vec4.wgsl', ...declaration });

const LEAVES = ['a', 'b', 'c', 'd'] as const;
const WORKGROUP = 64;

/** How many operands and row tables one pointwise kernel can read. */
export const POINTWISE_LIMITS = { operands: LEAVES.length, tables: 2 } as const;

// ---- gradients -------------------------------------------------------------------------------

/** `value` summed over the axes along which `to` was broadcast. */
export function sumToType(context: VjpContext, value: ValueId, to: TensorType): ValueId {
  const from = context.typeOf(value).shape;
  if (sameShape(from, to.shape)) return value;
  const lead = from.length - to.shape.length;
  const axes = from.flatMap((dim, axis) => {
    const target = axis < lead ? 1 : to.shape[axis - lead]!;
    return sameDim(dim, target) ? [] : [axis];
  });
  const summed = axes.length === 0 ? value : context.emit('reduce_sum', { x: value }, { axes });
  return context.emit('reshape', { x: summed }, { shape: to.shape });
}

function derivativeContext(context: VjpContext): DerivativeContext {
  return {
    ...context,
    mul: (a, b) => context.emit('mul', { a, b }, {}),
    number: (value) => context.constant(scalar(value)),
  };
}

// ---- shapes ----------------------------------------------------------------------------------

function inferBroadcast(
  kind: OpKind,
  operands: Readonly<Record<string, TensorType>>,
  label: string,
): TensorType {
  const entries = Object.entries(operands);
  let shape = entries[0]![1].shape;
  for (const [, type] of entries.slice(1)) {
    const joined = broadcastShapes(shape, type.shape);
    if (joined === null) {
      throw new ShapeError(
        `${kind} "${label}": the operands' shapes do not broadcast\n${formatOperands(entries)}`,
      );
    }
    shape = joined;
  }
  return { dtype: entries[0]![1].dtype, shape };
}

function formatOperands(entries: readonly (readonly [string, TensorType])[]): string {
  return entries.map(([name, type]) => `  ${name}: ${formatType(type)}`).join('\n');
}

function requireSameDtype(kind: OpKind, a: TensorType, b: TensorType, label: string): void {
  if (a.dtype === b.dtype) return;
  throw new ShapeError(
    `${kind} "${label}": operands must have one dtype, got ${a.dtype} and ${b.dtype}`,
  );
}

// ---- plain loops -----------------------------------------------------------------------------

/** Reads each operand as if it were broadcast to `shape`. */
function evaluateBroadcast(
  operands: readonly Tensor[],
  dtype: Dtype,
  shape: readonly number[],
  apply: (values: readonly number[]) => number,
): Tensor {
  const strides = operands.map((operand) => broadcastStrides(operand.shape, shape));
  const data = allocate(dtype, elementCount(shape), true);
  const values = new Array<number>(operands.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    for (let k = 0; k < operands.length; k++) {
      let rest = i;
      let offset = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        offset += (rest % shape[axis]!) * strides[k]![axis]!;
        rest = Math.floor(rest / shape[axis]!);
      }
      values[k] = operands[k]!.data[offset]!;
    }
    data[i] = apply(values);
  }
  return { dtype, shape, data };
}

// ---- kernels ---------------------------------------------------------------------------------

export type PointwiseKind = UnaryKind | BinaryKind | 'where';

export function isPointwise(kind: OpKind): kind is PointwiseKind {
  return kind in unaryRows || kind in binaryRows || kind === 'where';
}

/** The WGSL expression of one pointwise node, given those of its inputs and their dtype. */
export function pointwiseExpression(
  node: Node,
  args: Readonly<Record<string, string>>,
  from: Dtype,
): string {
  if (node.kind === 'where')
    return `select(${args['b']!}, ${args['a']!}, ${args['condition']!} != I(0))`;
  if (node.kind in binaryRows) {
    return binaryRows[node.kind as BinaryKind].wgsl(args['a']!, args['b']!, from);
  }
  const row = unaryRows[node.kind as UnaryKind] as UnaryRow<OpKind>;
  return row.wgsl(args['x']!, node.attrs, from);
}

/** A leaf as a typed value: `bitcast<F>(a)`. */
export function leafExpression(index: number, dtype: Dtype): string {
  return `bitcast<${dtype === 'float32' ? 'F' : 'I'}>(${LEAVES[index]!})`;
}

/** The literal of a one-element constant. */
export function literalOf(constant: Tensor): string {
  return numberLiteral(constant.data[0]!, constant.dtype);
}

interface Layout {
  readonly width: 1 | 4;
  /** Load expression of each leaf. */
  readonly loads: readonly string[];
  readonly params: readonly number[];
  readonly tables: readonly BufferRef[];
}

/** One dispatch of `expression` over leaves named a to d, each broadcast to the output's shape. */
export function pointwiseCall(
  leaves: readonly Operand[],
  output: Operand,
  expression: string,
): KernelCall {
  const layout = vec4Layout(leaves, output) ?? scalarLayout(leaves, output);
  const kernel = layout.width === 4 ? vec4Kernel : scalarKernel;
  const type = output.type.dtype === 'float32' ? 'F' : 'I';
  const work = workOverElements(output, WORKGROUP);
  const unit = work.unit / layout.width;
  const slots: Record<string, string> = { apply: `bitcast<U>(${type}(${expression}))` };
  for (const [index, load] of layout.loads.entries()) slots[`load_${LEAVES[index]!}`] = load;
  const bound = (index: number): BufferRef => leaves[index]?.buffer ?? NO_BUFFER;
  return callKernel(kernel, {
    slots,
    buffers: {
      a: bound(0),
      b: bound(1),
      c: bound(2),
      d: bound(3),
      table0: layout.tables[0] ?? NO_BUFFER,
      table1: layout.tables[1] ?? NO_BUFFER,
      y: output.buffer,
    },
    params: { unit, q: layout.params },
    work: { ...work, unit },
    cost: costOf(operationsIn(expression), output, [...leaves, output]),
  });
}

/** Operators and calls of an expression; conversions (`F(…)`, `bitcast<F>(…)`) are none. */
const operationsIn = (expression: string): number =>
  expression.match(/ [-+*/%<>=!&|^]+ |\(-|\b(?![FIU]\()\w+\(/g)?.length ?? 0;

function tablesOf(leaves: readonly Operand[]): BufferRef[] {
  const tables: BufferRef[] = [];
  for (const { table } of leaves) {
    if (table !== null && !tables.some((known) => sameBuffer(known, table))) tables.push(table);
  }
  if (tables.length > POINTWISE_LIMITS.tables) {
    throw new InternalError(`a pointwise kernel reads ${tables.length} row tables`);
  }
  return tables;
}

function sameBuffer(a: BufferRef, b: BufferRef): boolean {
  return a.of === 'value' && b.of === 'value' && a.id === b.id;
}

const tableName = (leaf: Operand, tables: readonly BufferRef[]): string => {
  const { table } = leaf;
  return table === null ? '' : `table${tables.findIndex((known) => sameBuffer(known, table))}`;
};

/** The axis of the output along which a leaf goes through its table: where the leaf's first axis lies. */
function tableAxis(leaf: Operand, output: Operand): number | null {
  return leaf.table === null ? null : output.shape.length - leaf.shape.length;
}

function scalarLayout(leaves: readonly Operand[], output: Operand): Layout {
  const params = new IndexParams();
  const tables = tablesOf(leaves);
  const loads = leaves.map((leaf, k) => {
    const strides = broadcastStrides(leaf.shape, output.shape);
    const terms = indexTerms(output.shape, strides, tableAxis(leaf, output));
    return `${LEAVES[k]!}[${params.expression(terms, tableName(leaf, tables))}]`;
  });
  if (params.values.length > INDEX_PARAM_LIMIT) {
    throw new InternalError(`a pointwise kernel needs ${params.values.length} index parameters`);
  }
  return { width: 1, loads, params: params.values, tables };
}

/** The layout in vec4s, where every row of the output and every leaf allow it; else null. */
function vec4Layout(leaves: readonly Operand[], output: Operand): Layout | null {
  const row = elementsPerRow(output.shape);
  const count = output.type.shape.length === 0 ? 1 : row;
  if (count % 4 !== 0) return null;
  const params = new IndexParams();
  const tables = tablesOf(leaves);
  const loads: string[] = [];
  for (const [k, leaf] of leaves.entries()) {
    const load = vec4Load(LEAVES[k]!, leaf, output, params, tableName(leaf, tables));
    if (load === null) return null;
    loads.push(load);
  }
  return params.values.length > INDEX_PARAM_LIMIT
    ? null
    : { width: 4, loads, params: params.values, tables };
}

function vec4Load(
  name: string,
  leaf: Operand,
  output: Operand,
  params: IndexParams,
  table: string,
): string | null {
  const strides = broadcastStrides(leaf.shape, output.shape);
  const terms = indexTerms(output.shape, strides, tableAxis(leaf, output));
  const innermost = terms[0];
  if (innermost === undefined) return `vec4u(${name}[0u].x)`;
  const quarter = (term: (typeof terms)[number]): typeof term => ({
    ...term,
    div: term.div / 4,
  });
  const varies = terms.filter((term) => term.div === 1);
  const others = terms.filter((term) => term.div !== 1);
  if (others.some((term) => term.div % 4 !== 0)) return null;
  if (varies.length === 0) {
    // Constant within four elements: one scalar for all of them.
    const index = params.expression(others.map(quarter), table);
    return `vec4u(vec4_element(${index}, ${name}[(${index}) / 4u]))`;
  }
  const [inner] = varies;
  if (inner!.stride !== 1 || inner!.viaTable) return null;
  if (inner!.mod % 4 !== 0 || others.some((term) => term.stride % 4 !== 0)) return null;
  const inFours = [
    { ...inner!, mod: inner!.mod / 4 },
    ...others.map((term) => ({ ...quarter(term), stride: term.stride / 4 })),
  ];
  return `${name}[${params.expression(inFours, table)}]`;
}

// ---- the family ------------------------------------------------------------------------------

function unaryOp(kind: UnaryKind): OpDef<UnaryKind> {
  const row = unaryRows[kind] as unknown as UnaryRow<OpKind>;
  return {
    infer: ({ x }, attrs) => ({ dtype: row.result?.(attrs) ?? x.dtype, shape: x.shape }),
    vjp: ({ inputs: { x }, output, attrs }, dy, context) => {
      if (row.derivative === null) return {};
      return { x: row.derivative(derivativeContext(context), dy, x, output, attrs) };
    },
    evaluate: ({ x }, attrs, { type }) => {
      const data = allocate(type.dtype, x.data.length, true);
      for (let i = 0; i < data.length; i++) data[i] = row.value(x.data[i]!, attrs, x.dtype);
      return { dtype: type.dtype, shape: x.shape, data };
    },
    lower: ({ node, inputs: { x }, output }) => {
      const args = { x: leafExpression(0, x.type.dtype) };
      return [pointwiseCall([x], output, pointwiseExpression(node as Node, args, x.type.dtype))];
    },
    viewable: ['x'],
  };
}

function binaryOp(kind: BinaryKind): OpDef<BinaryKind> {
  const row = binaryRows[kind];
  return {
    infer: ({ a, b }, _attrs, label) => {
      requireSameDtype(kind, a, b, label);
      const joined = inferBroadcast(kind, { a, b }, label);
      return row.result === 'bool' ? { ...joined, dtype: 'bool' } : joined;
    },
    vjp: ({ inputs: { a, b } }, dy, context) => {
      if (row.derivative === null) return {};
      const parts = row.derivative(derivativeContext(context), dy, a, b);
      const cotangents: Partial<Record<string, ValueId>> = {};
      if (context.needs('a')) cotangents['a'] = sumToType(context, parts.a(), context.typeOf(a));
      if (context.needs('b')) cotangents['b'] = sumToType(context, parts.b(), context.typeOf(b));
      return cotangents;
    },
    evaluate: ({ a, b }, _attrs, { type, shape }) =>
      evaluateBroadcast([a, b], type.dtype, shape(), ([left, right]) =>
        row.value(left!, right!, a.dtype),
      ),
    lower: ({ node, inputs: { a, b }, output }) => {
      const args = {
        a: leafExpression(0, a.type.dtype),
        b: leafExpression(1, b.type.dtype),
      };
      return [pointwiseCall([a, b], output, pointwiseExpression(node, args, a.type.dtype))];
    },
    viewable: ['a', 'b'],
  };
}

const where: OpDef<'where'> = {
  infer: ({ condition, a, b }, _attrs, label) => {
    requireSameDtype('where', a, b, label);
    return { ...inferBroadcast('where', { condition, a, b }, label), dtype: a.dtype };
  },
  vjp: ({ inputs: { condition, a, b } }, dy, context) => {
    const zero = context.constant(scalar(0));
    const cotangents: Partial<Record<string, ValueId>> = {};
    if (context.needs('a')) {
      const da = context.emit('where', { condition, a: dy, b: zero }, {});
      cotangents['a'] = sumToType(context, da, context.typeOf(a));
    }
    if (context.needs('b')) {
      const db = context.emit('where', { condition, a: zero, b: dy }, {});
      cotangents['b'] = sumToType(context, db, context.typeOf(b));
    }
    return cotangents;
  },
  evaluate: ({ condition, a, b }, _attrs, { type, shape }) =>
    evaluateBroadcast([condition, a, b], type.dtype, shape(), ([c, left, right]) =>
      c !== 0 ? left! : right!,
    ),
  lower: ({ node, inputs: { condition, a, b }, output }) => {
    const args = {
      condition: leafExpression(0, condition.type.dtype),
      a: leafExpression(1, a.type.dtype),
      b: leafExpression(2, b.type.dtype),
    };
    const expression = pointwiseExpression(node, args, a.type.dtype);
    return [pointwiseCall([condition, a, b], output, expression)];
  },
  viewable: ['condition', 'a', 'b'],
};

const unaryOps = Object.fromEntries(
  (Object.keys(unaryRows) as UnaryKind[]).map((kind) => [kind, unaryOp(kind)]),
);
const binaryOps = Object.fromEntries(
  (Object.keys(binaryRows) as BinaryKind[]).map((kind) => [kind, binaryOp(kind)]),
);

export const pointwiseOps = {
  ...unaryOps,
  ...binaryOps,
  where,
} as unknown as OpFamily<PointwiseKind>;
