// Checks a node against the declaration of its rule: the inputs it must have, the attributes it may
// have and their types. An attribute no rule knows would change the meaning, so it is refused.
import type { Value } from './value.ts';
import type { OnnxAttribute } from './proto/messages.ts';
import { NodeRefusal } from './node-context.ts';
import type { ImportRule } from './rule.ts';

type Bound = Record<string, Value | readonly Value[] | undefined>;

/** Inputs by name; '' in the file is an absent one. */
export function bindInputs(rule: ImportRule, given: readonly (Value | undefined)[]): Bound {
  const bound: Bound = {};
  for (const [position, declared] of rule.inputs.entries()) {
    if (declared.startsWith('...')) {
      bound[declared.slice(3)] = given.slice(position).filter((value) => value !== undefined);
      return bound;
    }
    const optional = declared.endsWith('?');
    const name = optional ? declared.slice(0, -1) : declared;
    const value = given[position];
    if (value === undefined && !optional) throw new NodeRefusal(`its input ${name} is missing`);
    bound[name] = value;
  }
  const extra = given.slice(rule.inputs.length).filter((value) => value !== undefined);
  if (extra.length > 0) throw new NodeRefusal(`it has ${given.length} inputs`);
  return bound;
}

/** Attributes by name, each of the type its rule declares. */
export function bindAttributes(
  rule: ImportRule,
  attributes: ReadonlyMap<string, OnnxAttribute>,
): Record<string, unknown> {
  const bound: Record<string, unknown> = {};
  for (const [name, attribute] of attributes) {
    const expected = Object.hasOwn(rule.attributes, name) ? rule.attributes[name] : undefined;
    if (expected === undefined) throw new NodeRefusal(`attribute "${name}"`);
    if (attribute.type !== expected) {
      throw new NodeRefusal(`attribute "${name}" is of type ${attribute.type}, not ${expected}`);
    }
    bound[name] = attribute.value;
  }
  return bound;
}
