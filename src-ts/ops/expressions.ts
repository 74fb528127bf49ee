// Short names for building graphs, so that the step reads like the formulas it implements.
import { findBatch, type BatchDim, type Dim, type Shape } from '../core/shape.ts';
import { intTensor, type Tensor } from '../core/tensor.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { GraphBuilder } from './builder.ts';

export class Expressions {
  readonly builder: GraphBuilder;
  readonly #ints = new Map<number, Tensor>();

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  readonly number = (value: number): ValueId => this.builder.scalar(value);

  readonly int = (value: number): ValueId => {
    const tensor = this.#ints.get(value) ?? intTensor([1], [value]);
    this.#ints.set(value, tensor);
    return this.builder.constant(tensor);
  };

  readonly add = (a: ValueId, b: ValueId): ValueId => this.builder.emit('add', { a, b }, {});
  readonly sub = (a: ValueId, b: ValueId): ValueId => this.builder.emit('sub', { a, b }, {});
  readonly mul = (a: ValueId, b: ValueId): ValueId => this.builder.emit('mul', { a, b }, {});
  readonly div = (a: ValueId, b: ValueId): ValueId => this.builder.emit('div', { a, b }, {});
  readonly abs = (x: ValueId): ValueId => this.builder.emit('abs', { x }, {});
  readonly sign = (x: ValueId): ValueId => this.builder.emit('sign', { x }, {});
  readonly equal = (a: ValueId, b: ValueId): ValueId => this.builder.emit('equal', { a, b }, {});
  readonly less = (a: ValueId, b: ValueId): ValueId => this.builder.emit('less', { a, b }, {});
  readonly greater = (a: ValueId, b: ValueId): ValueId =>
    this.builder.emit('greater', { a, b }, {});
  readonly maximum = (a: ValueId, b: ValueId): ValueId =>
    this.builder.emit('maximum', { a, b }, {});
  readonly where = (condition: ValueId, a: ValueId, b: ValueId): ValueId =>
    this.builder.emit('where', { condition, a, b }, {});
  readonly and = (a: ValueId, b: ValueId): ValueId => this.builder.emit('and', { a, b }, {});
  readonly or = (a: ValueId, b: ValueId): ValueId => this.builder.emit('or', { a, b }, {});
  readonly not = (x: ValueId): ValueId => this.builder.emit('not', { x }, {});
  readonly power = (x: ValueId, exponent: number): ValueId =>
    exponent === 1 ? x : this.builder.emit('power', { x }, { exponent });

  readonly toFloat = (x: ValueId): ValueId => this.builder.emit('cast', { x }, { to: 'float32' });

  readonly toInt = (x: ValueId): ValueId => this.builder.emit('cast', { x }, { to: 'int32' });

  readonly expand = (x: ValueId, shape: Shape): ValueId =>
    this.builder.emit('expand', { x }, { shape });

  /** 0, 1, 2, … along `dim`. */
  readonly iota = (dim: Dim): ValueId => this.builder.emit('iota', {}, { size: dim });

  /** y[n, j] = x[n, index[n, j]] */
  readonly takeAlong = (x: ValueId, index: ValueId): ValueId =>
    this.builder.emit('take_along', { x, index }, {});

  /** Rows of a batch by an index list. */
  readonly rows = (x: ValueId, index: ValueId): ValueId =>
    this.builder.emit('rows', { x, index }, { axis: 0 });

  /** `x` with the rows of an index list replaced. */
  readonly update = (x: ValueId, index: ValueId, rows: ValueId): ValueId =>
    this.builder.emit('update_rows', { x, index, rows }, {});

  /** The values whose flag is set, as a list along `symbol`. */
  readonly keep = (values: ValueId, keep: ValueId, symbol: string): ValueId =>
    this.builder.emit('compact', { values, keep }, { symbol });

  /** The elements of x as a list along `dim`. */
  readonly flat = (x: ValueId, dim: Dim): ValueId =>
    this.builder.emit('reshape', { x }, { shape: [dim] });

  /** The elements of x as a column along `dim`. */
  readonly column = (x: ValueId, dim: Dim): ValueId =>
    this.builder.emit('reshape', { x }, { shape: [dim, 1] });

  /** A list with one number for each row of `like`, shaped to broadcast over its rows. */
  readonly like = (list: ValueId, like: ValueId): ValueId => {
    const { shape } = this.builder.typeOf(like);
    const ones = shape.slice(1).map(() => 1);
    return this.builder.emit('reshape', { x: list }, { shape: [shape[0]!, ...ones] });
  };

  /** The rows of `a` where the list of flags is set, else those of `b`. */
  readonly choose = (flags: ValueId, a: ValueId, b: ValueId): ValueId =>
    this.where(this.like(flags, a), a, b);

  /** The inner product of each row of `a` with that of `b`: a list. */
  readonly dot = (a: ValueId, b: ValueId): ValueId => this.reduce('reduce_sum', this.mul(a, b));

  /** Each row as one line of numbers: [rows, size]. */
  readonly lines = (x: ValueId): ValueId => {
    const { shape } = this.builder.typeOf(x);
    const size = (shape.slice(1) as number[]).reduce((product, dim) => product * dim, 1);
    return this.builder.emit('reshape', { x }, { shape: [shape[0]!, size] });
  };

  readonly reduce = (kind: 'reduce_sum' | 'reduce_max' | 'reduce_min', x: ValueId): ValueId => {
    const lines = this.lines(x);
    const reduced = this.builder.emit(kind, { x: lines }, { axes: [1] });
    return this.flat(reduced, this.batchOf(x));
  };

  /** Whether all flags of a row hold: [rows, 1]. */
  readonly all = (flags: ValueId): ValueId => {
    const least = this.builder.emit('reduce_min', { x: this.toFloat(flags) }, { axes: [1] });
    return this.greater(least, this.number(0.5));
  };

  readonly batchOf = (x: ValueId): BatchDim => {
    const batch = findBatch(this.builder.typeOf(x).shape);
    if (batch === null) throw new RangeError('the value has no batch');
    return batch.dim;
  };
}
