// The import rules by operator name.
import type { ImportRule } from '../rule.ts';
import * as activation from './activation.ts';
import * as conv from './conv.ts';
import { Det } from './determinant.ts';
import { Einsum } from './einsum.ts';
import { Gather, GatherElements, GatherND } from './gather.ts';
import * as loss from './loss.ts';
import * as matmul from './matmul.ts';
import * as movement from './movement.ts';
import * as normalization from './normalization.ts';
import * as order from './order.ts';
import * as pointwise from './pointwise.ts';
import * as pool from './pool.ts';
import * as quantization from './quantization.ts';
import * as rearrange from './rearrange.ts';
import * as reduce from './reduce.ts';
import * as refused from './refused.ts';
import * as resize from './resize.ts';
import * as scatter from './scatter.ts';
import * as shape from './shape.ts';
import { Slice } from './slice.ts';
import * as standardize from './standardize.ts';

const { CONV_ATTRIBUTES: _attributes, convolutionOf: _convolution, ...convRules } = conv;
const { matrixProduct: _product, ...matmulRules } = matmul;
const { reshapeAsWritten: _reshape, ...movementRules } = movement;
const { binary: _binary, ...pointwiseRules } = pointwise;
const { alongAxis: _along, logSoftmax: _log, ...normalizationRules } = normalization;

export const onnxRules: Readonly<Record<string, ImportRule>> = {
  ...activation,
  ...convRules,
  ...loss,
  ...matmulRules,
  ...movementRules,
  ...normalizationRules,
  ...order,
  ...pointwiseRules,
  ...pool,
  ...quantization,
  ...rearrange,
  ...reduce,
  ...refused,
  ...resize,
  ...scatter,
  ...shape,
  ...standardize,
  Det,
  Einsum,
  Gather,
  GatherElements,
  GatherND,
  Slice,
};
