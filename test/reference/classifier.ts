// Graphs as classifiers of the reference attacks: logits and gradients of one image, by the interpreter.
import type { AttackModel } from '../../src-ts/attack/deepfool.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import type { Classifier, Vector } from './deepfool.ts';
import { interpret } from './interpreter.ts';

/** A classifier whose vector-Jacobian products can be had one at a time. */
export interface Differentiable extends Classifier {
  /** Σ_k cotangent_k ∇f_k(x) */
  readonly product: (x: Vector, cotangent: Vector) => Vector;
}

export function asClassifierOf({ graph, classes, inputShape }: AttackModel): Differentiable {
  const withGradient = appendGradient(graph, classes);
  const { channels, height, width } = inputShape;
  const imageTensor = (x: Vector): Tensor => ({
    dtype: 'float32',
    shape: [1, channels, height, width],
    data: Float64Array.from(x),
  });
  const product = (x: Vector, cotangent: Vector): Vector => {
    const seed = tensor('float32', [1, classes], Float64Array.from(cotangent));
    return [
      ...interpret(withGradient, { image: imageTensor(x), cotangent: seed })['gradient']!.data,
    ];
  };
  return {
    logits: (x) => [...interpret(graph, { image: imageTensor(x) })['logits']!.data],
    product,
    linearize: (x, wanted) =>
      wanted.map((k) =>
        product(
          x,
          Array.from({ length: classes }, (_, i) => +(i === k)),
        ),
      ),
  };
}

function appendGradient(graph: Graph, classes: number): Graph {
  const builder = new GraphBuilder();
  const [port] = graph.inputs;
  const type = graph.types.get(port!.id)!;
  const image = builder.input('image', type);
  const moved = builder.inline(graph, { [port!.name]: image });
  const logits = moved.get(graph.outputs[0]!.id)!;
  const shape = [type.shape[0]!, classes];
  const cotangent = builder.input('cotangent', { dtype: 'float32', shape });
  const [found] = gradient(builder, { seeds: [{ of: logits, cotangent }], wrt: [image] });
  // A classifier that ignores the image has no path to it.
  builder.output('gradient', found ?? builder.emit('sub', { a: image, b: image }, {}));
  return builder.finish();
}
