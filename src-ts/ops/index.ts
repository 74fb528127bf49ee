// The registry: every op of the vocabulary has a definition, or this file does not compile.
import type { OpKind } from '../graph/op-set.ts';
import { batchOps } from './batch.ts';
import { convOps } from './conv/conv.ts';
import { gatherOps } from './gather.ts';
import { matmulOps } from './matmul/matmul.ts';
import { movementOps } from './movement.ts';
import type { OpFamily } from './op-def.ts';
import { pointwiseOps } from './pointwise/pointwise.ts';
import { poolOps } from './pool/pool.ts';
import { randomOps } from './random.ts';
import { reduceOps } from './reduce/reduce.ts';
import { softmaxOps } from './softmax.ts';

export const ops: OpFamily<OpKind> = {
  ...pointwiseOps,
  ...matmulOps,
  ...convOps,
  ...poolOps,
  ...reduceOps,
  ...softmaxOps,
  ...movementOps,
  ...gatherOps,
  ...batchOps,
  ...randomOps,
};
