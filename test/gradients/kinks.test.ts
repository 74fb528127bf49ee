// The subgradients at kinks, as the table says, in plain loops.
import { expect, it } from 'vitest';
import { interpret } from '../reference/interpreter.ts';
import { caseOf, LINES } from './kinks.ts';
import { gradientGraph } from './op-case.ts';

it.each(LINES)('%s', (_, kink) => {
  const graph = gradientGraph(kink.kind, caseOf(kink), 'fixed');
  const found = interpret(graph, { ...kink.inputs, cotangent: kink.dy });
  expect(Object.keys(found)).toEqual(Object.keys(kink.expected).map((name) => `d ${name}`));
  for (const [name, expected] of Object.entries(kink.expected)) {
    // + 0: of zeros the sign does not matter.
    expect(
      Array.from(found[`d ${name}`]!.data, (value) => value + 0),
      `d ${name}`,
    ).toEqual(expected);
  }
});
