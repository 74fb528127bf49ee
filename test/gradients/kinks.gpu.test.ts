// The subgradients at kinks, as the table says, on the device.
import { expect, it } from 'vitest';
import { runGraph } from '../executor/run-graph.ts';
import { openFamily } from '../reference/on-device.ts';
import { caseOf, LINES } from './kinks.ts';
import { gradientGraph } from './op-case.ts';

it.each(LINES.filter(([, { expected }]) => Object.keys(expected).length > 0))(
  '%s',
  async (_, kink) => {
    const graph = gradientGraph(kink.kind, caseOf(kink), 'fixed');
    const inputs = { ...kink.inputs, cotangent: kink.dy };
    const found = await runGraph(await openFamily('subgroup'), graph, inputs);
    for (const [name, expected] of Object.entries(kink.expected)) {
      // + 0: of zeros the sign does not matter.
      const came = Array.from(found[`d ${name}`]!.data, (value) => value + 0);
      expect(came, `d ${name}`).toEqual(expected);
    }
  },
);
