// The one form of a refused node: what it is, what was expected, what came, then its operands.
import { ShapeError } from '../core/errors.ts';
import { formatType, isStatic, type StaticShape, type TensorType } from '../core/shape.ts';
import type { OpKind } from '../graph/op-set.ts';

type Operands = Readonly<Record<string, TensorType | undefined>>;

/** Throws ShapeError: `conv "layer3.0.conv2": …`, then a line for each operand. */
export function refuse(kind: OpKind, label: string, reason: string, operands: Operands): never {
  const name = label === '' ? kind : `${kind} "${label}"`;
  const lines = Object.entries(operands).flatMap(([operand, type]) =>
    type === undefined ? [] : [`  ${operand}: ${formatType(type)}`],
  );
  throw new ShapeError([`${name}: ${reason}`, ...lines].join('\n'));
}

/** Refuses operands that are not float32. */
export function requireFloat(kind: OpKind, label: string, operands: Operands): void {
  for (const [operand, type] of Object.entries(operands)) {
    if (type === undefined || type.dtype === 'float32') continue;
    refuse(kind, label, `${operand} must be float32, not ${type.dtype}`, operands);
  }
}

/** The dimensions of a shape behind its first axis, which alone may be a batch. */
export function staticRest(
  kind: OpKind,
  label: string,
  operands: Operands,
  name: string,
): StaticShape {
  const rest = operands[name]!.shape.slice(1);
  if (!isStatic(rest))
    refuse(kind, label, `only the first axis of ${name} may be a batch`, operands);
  return rest;
}
