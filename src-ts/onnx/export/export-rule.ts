// The form of an export rule: the operands of one op in, the name of its value in the file out.
import type { TensorType } from '../../core/shape.ts';
import type { OpAttrs, OpKind } from '../../graph/op-set.ts';
import type { InputsAs } from '../../ops/op-def.ts';
import type { ExportContext, Named } from './export-context.ts';

export interface ExportedNode<K extends OpKind> {
  readonly inputs: InputsAs<K, Named>;
  readonly attrs: OpAttrs<K>;
  /** Of the output. */
  readonly type: TensorType;
}

export type ExportRule<K extends OpKind> = (node: ExportedNode<K>, at: ExportContext) => string;

/** A family's part of the table. */
export type ExportFamily<K extends OpKind> = { readonly [Kind in K]: ExportRule<Kind> };
