// Layers on tokens [N, …, width]: normalisation, linear maps, attention, as PyTorch's exporter writes
// them. Sizes that depend on the batch are computed from shapes.
import { Net, type NetOptions, type Planes, type Scale } from './layers.ts';

export interface Tokens {
  readonly name: string;
  readonly count: number;
  readonly width: number;
  /** Lists of tokens that an image has: windows; one where absent. */
  readonly lists?: number;
}

export class TokenNet extends Net {
  /** LayerNormalization exists since opset 17; exports before are made of its steps. */
  readonly #layerNorm: 'node' | 'steps';

  constructor(scale: Scale, options: NetOptions = {}) {
    super(scale, options);
    this.#layerNorm = (options.opset ?? 13) >= 17 ? 'node' : 'steps';
  }

  /** Over the last axis. */
  layerNorm(x: string, width: number, epsilon = 1e-6): string {
    const [gain, shift] = [this.random([width], 0.1, 1), this.random([width], 0.1)];
    if (this.#layerNorm === 'node') {
      const attributes = { axis: -1, epsilon: { float: epsilon } };
      return this.op('LayerNormalization', [x, gain, shift], attributes);
    }
    const mean = (of: string): string => this.op('ReduceMean', [of], { axes: [-1], keepdims: 1 });
    const centred = this.op('Sub', [x, mean(x)]);
    const variance = mean(this.op('Pow', [centred, this.number(2)]));
    const deviation = this.op('Sqrt', [this.op('Add', [variance, this.number(epsilon)])]);
    const unit = this.op('Div', [centred, deviation]);
    return this.op('Add', [this.op('Mul', [unit, gain]), shift]);
  }

  /** A linear map of the last axis: MatMul, then the bias. */
  linear(x: string, from: number, to: number, gain = 1): string {
    const product = this.op('MatMul', [x, this.random([from, to], Math.sqrt(gain / from))]);
    return this.op('Add', [this.random([to], 0.05), product]);
  }

  /** x/2 · (1 + erf(x/√2)) */
  gelu(x: string): string {
    const inner = this.op('Erf', [this.op('Div', [x, this.number(Math.SQRT2)])]);
    const weighed = this.op('Mul', [x, this.op('Add', [inner, this.number(1)])]);
    return this.op('Mul', [weighed, this.number(0.5)]);
  }

  mlp(x: string, width: number, hidden: number, out = width): string {
    return this.linear(this.gelu(this.linear(x, width, hidden, 2)), hidden, out, 0.5);
  }

  /** Convolution over patches, planes as a list of tokens. */
  patches(x: Planes, patch: number, width: number): Tokens {
    const planes = this.conv(x, width, patch, { stride: patch, pad: 0 });
    const count = planes.height * planes.width;
    const flat = this.reshape(planes.name, ['batch', width, count]);
    return { name: this.transpose(flat, 0, 2, 1), count, width };
  }

  /** A learnt token in front of each image's. */
  prepend(x: Tokens): Tokens {
    const learnt = this.random([1, 1, x.width], 0.5);
    const token = this.batch === 1 ? learnt : this.#expanded(learnt, x);
    return { ...x, name: this.op('Concat', [token, x.name], { axis: 1 }), count: x.count + 1 };
  }

  #expanded(token: string, x: Tokens): string {
    const target = this.target(x.name, ['batch', -1, -1]);
    // Tracing writes expand(-1) as a choice between the target and ones.
    const ones = this.op('ConstantOfShape', [this.ints(3)], {});
    const unset = this.op('Equal', [target, this.ints(-1, -1, -1)]);
    const sizes = this.op('Where', [unset, this.#onesLike(ones), target]);
    return this.op('Expand', [token, sizes]);
  }

  #onesLike(zeros: string): string {
    const whole = this.op('Cast', [zeros], { to: 7 });
    return this.op('Add', [whole, this.int(1)]);
  }

  /**
   * Attention of all heads: queries, keys and values from one product. `bias` is added to the scores of
   * [batch, heads, count, count].
   */
  attention(x: Tokens, heads: number, bias?: (scores: string) => string): string {
    const { name, count, width, lists = 1 } = x;
    const each = width / heads;
    const lead = this.batch === 'batch' ? 'batch' : this.batch * lists;
    const product = this.linear(name, width, 3 * width);
    const parts = this.reshape(product, [lead, count, 3, heads, each]);
    const turned = this.transpose(parts, 2, 0, 3, 1, 4);
    const [q, k, v] = [0, 1, 2].map((part) =>
      this.op('Gather', [turned, this.int(part)], { axis: 0 }),
    ) as [string, string, string];
    const scaled = this.op('Mul', [q, this.number(1 / Math.sqrt(each))]);
    const scores = this.op('MatMul', [scaled, this.transpose(k, 0, 1, 3, 2)]);
    const weights = this.op('Softmax', [bias === undefined ? scores : bias(scores)], { axis: -1 });
    const mixed = this.transpose(this.op('MatMul', [weights, v]), 0, 2, 1, 3);
    return this.linear(this.reshape(mixed, [lead, count, width]), width, width, 0.5);
  }

  /** A block of a transformer, normalised first. */
  block(x: Tokens, heads: number): Tokens {
    const attended = this.attention({ ...x, name: this.layerNorm(x.name, x.width) }, heads);
    const middle = this.op('Add', [x.name, attended]);
    const normalized = this.layerNorm(middle, x.width);
    const name = this.op('Add', [middle, this.mlp(normalized, x.width, 4 * x.width)]);
    return { ...x, name };
  }

  /** One token of each image. */
  token(x: Tokens, index: number): string {
    return this.op('Gather', [x.name, this.int(index)], { axis: 1 });
  }
}
