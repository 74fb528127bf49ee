// A kernel case as a graph of one op, from input `x` to output `y`.
import type { TensorType } from '../../src-ts/core/shape.ts';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { outputShape, type ConvCase, type KernelCase, type MatmulCase } from './cases.ts';

/** The operand that is no constant. */
export const operandOf = (each: KernelCase): Tensor => (each.op === 'matmul' ? each.a : each.x);

export function oneOpGraph(each: KernelCase): Graph {
  const builder = new GraphBuilder();
  const y = each.op === 'matmul' ? emitProduct(builder, each) : emitConv(builder, each);
  builder.output('y', y);
  return builder.finish();
}

function emitProduct(builder: GraphBuilder, { a, b }: MatmulCase): ValueId {
  const inputs = { a: builder.input('x', typeOfTensor(a)), b: builder.constant(b) };
  return builder.emit('matmul', inputs, { transposeA: false, transposeB: false });
}

function emitConv(builder: GraphBuilder, each: ConvCase): ValueId {
  const { op, x, w, groups, stride } = each;
  const kernel = w.shape.slice(2);
  const [operand, weights] = [builder.input('x', typeOfTensor(x)), builder.constant(w)];
  const [given, made] = [x.shape.slice(2), outputShape(each).slice(2)];
  const geometry = {
    ...{ kernel, groups, strides: [stride, stride], dilations: [1, 1] },
    padsBegin: kernel.map((extent) => (extent - 1) / 2),
  };
  return op === 'conv'
    ? builder.emit('conv', { x: operand, w: weights }, { ...geometry, outputSize: made })
    : builder.emit(
        'conv_input_grad',
        { dy: operand, w: weights },
        { ...geometry, outputSize: given, inputSize: made },
      );
}

const typeOfTensor = ({ dtype, shape }: Tensor): TensorType => ({ dtype, shape });
