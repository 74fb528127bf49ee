// Networks exported for one image, as most of the ONNX zoo is: read for any number of images, each with
// the logits that it has alone.
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { expectClose } from '../onnx/runtime.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { buildNetwork, familyNames } from './families.ts';
import { PENDING } from './pending.ts';

describe('a file with a fixed batch of 1 takes any number of images:', () => {
  it.for(familyNames.filter((name) => PENDING[name] === undefined))('%s', (name) => {
    const open = buildNetwork(name, 'tiny');
    const fixed = importOnnx(buildNetwork(name, 'tiny', 1).bytes, { name });
    expect(fixed.batchable).toBe(true);
    expect(fixed.notes).toContain('fixed batch of 1 made N');
    const { size } = open.scale;
    const image = randomTensor([2, 3, size, size], 3);
    const { graph } = importOnnx(open.bytes, { name });
    const [came, expected] = [fixed.graph, graph].map((each) => interpret(each, { image }));
    expectClose(came!['logits']!, expected!['logits']!, 1e-9);
  });
});
