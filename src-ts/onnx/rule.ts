// The form of an import rule. It names the operator's inputs in ONNX's order ('B?' may be absent,
// '...rest' takes all that follow) and the types of its attributes; what the file holds is checked
// against both before the rule runs, so rules read like the specification.
import type { AttributeValues } from './proto/messages.ts';
import type { NodeContext } from './node-context.ts';
import type { Value } from './value.ts';

export type AttributeSchema = Readonly<Record<string, keyof AttributeValues>>;

export type AttributesOf<S extends AttributeSchema> = {
  readonly [Name in keyof S]?: AttributeValues[S[Name]];
};

type InputName<L extends string> = L extends `${infer Name}?`
  ? Name
  : L extends `...${infer Name}`
    ? Name
    : L;

export type InputsOf<L extends readonly string[]> = {
  readonly [Name in L[number] as InputName<Name>]: Name extends `${string}?`
    ? Value | undefined
    : Name extends `...${string}`
      ? readonly Value[]
      : Value;
};

/** What a rule makes: the operator's outputs in ONNX's order. */
export type RuleResult = Value | readonly Value[];

export interface ImportRule {
  readonly inputs: readonly string[];
  readonly attributes: AttributeSchema;
  readonly apply: (
    inputs: Readonly<Record<string, Value | readonly Value[] | undefined>>,
    attributes: Readonly<Record<string, unknown>>,
    at: NodeContext,
  ) => RuleResult;
}

/** An import rule; its function sees inputs and attributes by name, typed by the two declarations. */
export function defineRule<const L extends readonly string[], const S extends AttributeSchema>(
  inputs: L,
  attributes: S,
  apply: (inputs: InputsOf<L>, attributes: AttributesOf<S>, at: NodeContext) => RuleResult,
): ImportRule {
  // `bindNode` makes exactly the records that InputsOf and AttributesOf describe.
  return { inputs, attributes, apply: apply as ImportRule['apply'] };
}
