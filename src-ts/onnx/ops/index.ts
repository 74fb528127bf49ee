// The import rules by operator name.
import type { ImportRule } from '../rule.ts';
import * as conv from './conv.ts';
import { Einsum } from './einsum.ts';
import { Gather, GatherElements, GatherND } from './gather.ts';
import * as matmul from './matmul.ts';
import * as movement from './movement.ts';
import * as normalization from './normalization.ts';
import * as pointwise from './pointwise.ts';
import * as pool from './pool.ts';
import * as rearrange from './rearrange.ts';
import * as reduce from './reduce.ts';
import * as resize from './resize.ts';
import * as scatter from './scatter.ts';
import * as shape from './shape.ts';
import { Slice } from './slice.ts';

const { CONV_ATTRIBUTES: _attributes, convolutionOf: _convolution, ...convRules } = conv;
const { matrixProduct: _product, ...matmulRules } = matmul;
const { reshapeAsWritten: _reshape, ...movementRules } = movement;
const { binary: _binary, ...pointwiseRules } = pointwise;

export const onnxRules: Readonly<Record<string, ImportRule>> = {
  ...convRules,
  ...matmulRules,
  ...movementRules,
  ...normalization,
  ...pointwiseRules,
  ...pool,
  ...rearrange,
  ...reduce,
  ...resize,
  ...scatter,
  ...shape,
  Einsum,
  Gather,
  GatherElements,
  GatherND,
  Slice,
};
