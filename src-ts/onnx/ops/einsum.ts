// Einstein sums. Operands are contracted from the left, two at a time: axes that only one of them has
// and nobody asks for are summed first, shared axes that are asked for become the batch of a matrix
// product, shared axes that are not its depth, and the rest its rows and columns.
import { sameDim, type Dim, type Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { axesFrom, mul, reshapeTo, sum } from './compose.ts';
import { mergedDim, permuted } from './picking.ts';
import { sliceValue } from './slice.ts';

/** A value whose axes have names: letters, and numbers for those behind an ellipsis. */
interface Term {
  readonly value: Value;
  readonly labels: readonly string[];
}

export const Einsum = defineRule(
  ['...Inputs'],
  { equation: 'string' },
  ({ Inputs }, { equation }, at) => {
    if (equation === undefined) return at.fail('its equation is missing');
    const { operands, result } = parseEquation(equation, Inputs, at);
    const terms = Inputs.map((value, i) => diagonal({ value, labels: operands[i]! }, at));
    const [first, ...rest] = terms;
    if (first === undefined) return at.fail('it has no inputs');
    let made = first;
    for (const [i, term] of rest.entries()) {
      const later = rest.slice(i + 1).flatMap(({ labels }) => labels);
      made = contract(made, term, new Set([...later, ...result]), at);
    }
    const summed = sumOut(made, new Set(result), at);
    const missing = result.find((label) => !summed.labels.includes(label));
    if (missing !== undefined) at.fail(`"${equation}" makes an axis "${missing}" of nothing`);
    const perm = result.map((label) => summed.labels.indexOf(label));
    return permuted(summed.value, perm, at);
  },
);

/** The labels of every axis; those behind an ellipsis are counted from the end: …2, …1. */
function parseEquation(
  equation: string,
  inputs: readonly Value[],
  at: NodeContext,
): { operands: string[][]; result: string[] } {
  const [left = '', right, ...more] = equation.replaceAll(/\s/g, '').split('->');
  const parts = left.split(',');
  if (
    more.length > 0 ||
    parts.length !== inputs.length ||
    !/^[a-zA-Z.,]*$/.test(left + (right ?? ''))
  ) {
    return at.fail(`equation "${equation}" for ${inputs.length} operands`);
  }
  const operands = parts.map((part, i) => labelsOf(part, inputs[i]!.type.shape.length, at));
  const hidden = operands.flat().filter((label) => label.startsWith('…'));
  const widest = Math.max(0, ...hidden.map((label) => Number(label.slice(1))));
  const ellipsis = axesFrom(0, widest).map((i) => `…${widest - i}`);
  if (right !== undefined) {
    const letters = right.replace('...', '');
    const result = labelsOf(right, letters.length + (right === letters ? 0 : widest), at);
    if (new Set(result).size !== result.length)
      at.fail(`"${equation}" repeats an axis in its result`);
    return { operands, result };
  }
  const letters = operands.flat().filter((label) => !label.startsWith('…'));
  const once = [...new Set(letters)].filter(
    (label) => letters.indexOf(label) === letters.lastIndexOf(label),
  );
  return { operands, result: [...ellipsis, ...once.sort()] };
}

function labelsOf(part: string, rank: number, at: NodeContext): string[] {
  const [before = '', after, ...more] = part.split('...');
  const count = rank - before.length - (after ?? '').length;
  const known = after === undefined ? count === 0 : count >= 0;
  if (!known || more.length > 0 || part.replace('...', '').includes('.')) {
    return at.fail(`"${part}" for ${rank} dimensions`);
  }
  const hidden = axesFrom(0, count).map((i) => `…${count - i}`);
  return [...Array.from(before), ...hidden, ...Array.from(after ?? '')];
}

/** Axes of one name read together: every n + 1-th element of the two as one. */
function diagonal(term: Term, at: NodeContext): Term {
  const { labels, value } = term;
  const second = labels.findIndex((label, axis) => labels.indexOf(label) !== axis);
  if (second < 0) return term;
  const first = labels.indexOf(labels[second]!);
  const others = axesFrom(0, labels.length).filter((axis) => axis !== first && axis !== second);
  const turned = permuted(value, [...others, first, second], at);
  const lead = others.map((axis) => value.type.shape[axis]!);
  const size = at.staticDim(value.type.shape, first);
  if (size !== value.type.shape[second]) at.fail(`axis "${labels[first]!}" has two sizes`);
  const flat = reshapeTo(turned, [...lead, size * size], at);
  const cut = { axis: lead.length, start: 0, step: size + 1, size };
  const kept = [...others.map((axis) => labels[axis]!), labels[first]!];
  return diagonal({ value: sliceValue(flat, [cut], at), labels: kept }, at);
}

/** The term without the axes nobody asks for. */
function sumOut({ value, labels }: Term, wanted: ReadonlySet<string>, at: NodeContext): Term {
  const axes = labels.flatMap((label, axis) => (wanted.has(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  const kept = labels.filter((label) => wanted.has(label));
  const { shape } = value.type;
  const left = shape.filter((_, axis) => !axes.includes(axis));
  return { value: reshapeTo(sum(value, axes, at), left, at), labels: kept };
}

function contract(a: Term, b: Term, wanted: ReadonlySet<string>, at: NodeContext): Term {
  const left = sumOut(a, new Set([...wanted, ...b.labels]), at);
  const right = sumOut(b, new Set([...wanted, ...a.labels]), at);
  const [x, y] = alignBroadcast(left, right, at);
  const shared = x.labels.filter((label) => y.labels.includes(label));
  const depth = shared.filter((label) => !wanted.has(label));
  const batch = leading(
    x,
    shared.filter((label) => wanted.has(label)),
  );
  const rows = leading(
    x,
    x.labels.filter((label) => !shared.includes(label)),
  );
  const columns = leading(
    y,
    y.labels.filter((label) => !shared.includes(label)),
  );
  const labels = [...batch, ...rows, ...columns];
  const shape = [...sizes(x, [...batch, ...rows]), ...sizes(y, columns)];
  if (depth.length === 0) {
    const ones = (names: readonly string[]): number[] => names.map(() => 1);
    const wide = reshapeTo(
      ordered(x, [...batch, ...rows], at),
      [...sizes(x, [...batch, ...rows]), ...ones(columns)],
      at,
    );
    const other = reshapeTo(
      ordered(y, [...batch, ...columns], at),
      [...sizes(y, batch), ...ones(rows), ...sizes(y, columns)],
      at,
    );
    return { value: mul(wide, other, at), labels };
  }
  const merged = (term: Term, names: readonly string[]): Dim => mergedDim(sizes(term, names), at);
  const lists = batch.length === 0 ? [] : [merged(x, batch)];
  const product = at.emit(
    'matmul',
    {
      a: reshapeTo(
        ordered(x, [...batch, ...rows, ...depth], at),
        [...lists, merged(x, rows), merged(x, depth)],
        at,
      ),
      b: reshapeTo(
        ordered(y, [...batch, ...depth, ...columns], at),
        [...lists, merged(y, depth), merged(y, columns)],
        at,
      ),
    },
    { transposeA: false, transposeB: false },
  );
  return { value: reshapeTo(product, shape, at), labels };
}

const sizes = ({ value, labels }: Term, names: readonly string[]): Shape =>
  names.map((name) => value.type.shape[labels.indexOf(name)]!);

const ordered = ({ value, labels }: Term, names: readonly string[], at: NodeContext): Value =>
  permuted(
    value,
    names.map((name) => labels.indexOf(name)),
    at,
  );

/** Names with that of the batch first, for its rows to stay whole when axes merge. */
function leading(term: Term, names: readonly string[]): string[] {
  const isBatch = (name: string): boolean => typeof sizes(term, [name])[0] !== 'number';
  return [...names.filter(isBatch), ...names.filter((name) => !isBatch(name))];
}

/** Shared axes brought to one size: a 1 is repeated. */
function alignBroadcast(a: Term, b: Term, at: NodeContext): [Term, Term] {
  const fit = (term: Term, other: Term): Term => {
    const shape = term.labels.map((label, axis) => {
      const own = term.value.type.shape[axis]!;
      const [theirs] = other.labels.includes(label) ? sizes(other, [label]) : [own];
      if (own === 1) return theirs!;
      if (theirs === 1 || sameDim(own, theirs!)) return own;
      return at.fail(`axis "${label}" has two sizes`);
    });
    const grown = shape.some((dim, axis) => !sameDim(dim, term.value.type.shape[axis]!));
    if (!grown) return term;
    return { ...term, value: at.emit('expand', { x: term.value }, { shape }) };
  };
  return [fit(a, b), fit(b, a)];
}
