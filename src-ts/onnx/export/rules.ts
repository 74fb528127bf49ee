// How each op is written in ONNX. Forget an op here and this file does not compile.
import type { OpKind } from '../../graph/op-set.ts';
import { batchRules } from './batch-rules.ts';
import type { ExportFamily } from './export-rule.ts';
import { gatherRules } from './gather-rules.ts';
import { linearRules } from './linear-rules.ts';
import { movementRules } from './movement-rules.ts';
import { pointwiseRules } from './pointwise-rules.ts';
import { poolRules } from './pool-rules.ts';
import { reduceRules } from './reduce-rules.ts';

export const exportRules: ExportFamily<OpKind> = {
  ...batchRules,
  ...gatherRules,
  ...linearRules,
  ...movementRules,
  ...pointwiseRules,
  ...poolRules,
  ...reduceRules,
};
