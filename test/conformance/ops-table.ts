// OPS.md: what the importer knows and what the engine is made of, from the registries and the last
// recorded conformance run.
import { format, resolveConfig } from 'prettier';
import { onnxRules } from '../../src-ts/onnx/ops/index.ts';
import { opDef } from '../../src-ts/ops/builder.ts';
import { ops } from '../../src-ts/ops/index.ts';
import { binaryRows } from '../../src-ts/ops/pointwise/binary.ts';
import { unaryRows } from '../../src-ts/ops/pointwise/unary.ts';
import type { OpKind } from '../../src-ts/graph/op-set.ts';
import type { ConformanceRecord, OperatorRecord } from './record.ts';

const INTRODUCTION = `# Operators

Made by \`npm run ops-table\`; a test keeps it current. Counts come from the last run of
\`npm run conformance -- --record\` over ONNX's operator tests (opset 17 and before).

## ONNX operators

What an operator becomes is what its test cases became: other forms of it may need other engine ops. With
values known at import, such as the sizes of a Reshape, an operator is computed there and becomes nothing.
"Opsets" are those of the test cases; older forms are read too. The gradient is that of float inputs;
"–" is for operators without any, or without a test case of their own.
`;

const ENGINE = `## Engine ops

All that devices run. The kernels are those that the test cases, their gradients, the attack and training use, on
CPU adapters and on GPUs.
`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const code = (names: readonly string[]): string =>
  names.length === 0 ? '–' : names.map((name) => `\`${name}\``).join(', ');

/** The text of OPS.md. */
export async function formatOpsTable(record: ConformanceRecord, file: string): Promise<string> {
  const operators = Object.keys(onnxRules).sort();
  const kinds = (Object.keys(ops) as OpKind[]).sort();
  const text = [
    INTRODUCTION,
    table(
      ['operator', 'opsets', 'becomes', 'gradient', 'tests passed'],
      operators.map((name) => operatorRow(name, record.operators[name])),
    ),
    ENGINE,
    table(
      ['op', 'gradient', 'kernels'],
      kinds.map((kind) => [
        `\`${kind}\``,
        gradientOf(kind),
        code(kernelsOf(kind, record).map((path) => path.replace('.wgsl', ''))),
      ]),
    ),
  ].join('\n\n');
  return format(text, { ...(await resolveConfig(file)), parser: 'markdown' });
}

function operatorRow(name: string, record: OperatorRecord | undefined): string[] {
  if (record === undefined) return [name, '–', '–', '–', '–'];
  const { passed, total, opsets, becomes, gradient } = record;
  const told = gradient.length === 0 ? '–' : gradient.join(' or ');
  return [name, opsets.join(', ') || '–', code(becomes), told, `${passed} of ${total}`];
}

/** Pointwise ops are all expressions in the same kernels. */
function kernelsOf(kind: OpKind, { kernels }: ConformanceRecord): readonly string[] {
  return kernels[kind] ?? (kind in unaryRows || kind in binaryRows ? kernels['relu']! : []);
}

function gradientOf(kind: OpKind): string {
  if (opDef(kind).vjp === 'not differentiable') return 'none';
  if (kind === 'round_through') return 'straight-through';
  const rows: Readonly<Record<string, { readonly derivative: unknown }>> = {
    ...unaryRows,
    ...binaryRows,
  };
  return rows[kind]?.derivative === null ? 'zero' : 'yes';
}
