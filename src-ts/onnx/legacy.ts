// Nodes as opsets 1 to 9 wrote them, in the form that rules read. Until opset 7 an operand was broadcast
// by attributes (`broadcast`, `axis`) and a node said whether it was a test or a training run; several
// operators took as attributes what is an input now. Rules that know both forms are not repeated here.
import { elementCount } from '../core/shape.ts';
import { allocate, tensor } from '../core/tensor.ts';
import type { NodeContext } from './node-context.ts';
import { reshapeTo } from './ops/compose.ts';
import type { OnnxAttribute, OnnxNode } from './proto/messages.ts';
import { constantValue, type Value } from './value.ts';

/** What of a node reaches its rule. */
export interface NodeForm {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

interface Migration {
  readonly operators: readonly string[];
  /** The first opset that has the present form. */
  readonly until: number;
  readonly apply: (form: NodeForm, at: NodeContext) => NodeForm;
}

/** Attributes without a meaning for the result of an inference. */
const dropping =
  (...names: readonly string[]): Migration['apply'] =>
  ({ inputs, attributes }) => ({ inputs, attributes: without(attributes, names) });

const MIGRATIONS: readonly Migration[] = [
  {
    operators: [
      ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor'],
      ...['Equal', 'Less', 'Greater'],
    ],
    until: 7,
    apply: alignBroadcast,
  },
  { operators: ['Gemm'], until: 7, apply: dropping('broadcast') },
  { operators: ['BatchNormalization', 'Dropout'], until: 7, apply: dropping('is_test') },
  { operators: ['PRelu'], until: 7, apply: alignSlope },
  { operators: ['Concat'], until: 4, apply: withAxisOne },
  { operators: ['Cast'], until: 6, apply: castByName },
  { operators: ['Tile'], until: 6, apply: tileAlongAxis },
  { operators: ['Pad'], until: 2, apply: renaming('paddings', 'pads') },
  { operators: ['Upsample'], until: 7, apply: scaleByTwoNumbers },
  { operators: ['Upsample'], until: 9, apply: scalesAsInput },
];

/** The node in the form that its rule reads. */
export function modernise(
  node: OnnxNode,
  inputs: readonly (Value | undefined)[],
  at: NodeContext,
): NodeForm {
  const attributes = without(node.attributes, ['consumed_inputs']); // opset 1: in-place hints
  let form: NodeForm = { inputs, attributes };
  for (const { operators, until, apply } of MIGRATIONS) {
    if (at.opset < until && operators.includes(node.operator)) form = apply(form, at);
  }
  return form;
}

function without(
  attributes: NodeForm['attributes'],
  names: readonly string[],
): NodeForm['attributes'] {
  if (!names.some((name) => attributes.has(name))) return attributes;
  return new Map([...attributes].filter(([name]) => !names.includes(name)));
}

function renaming(from: string, to: string): Migration['apply'] {
  return ({ inputs, attributes }) => {
    const value = attributes.get(from);
    if (value === undefined) return { inputs, attributes };
    return { inputs, attributes: new Map([...without(attributes, [from]), [to, value]]) };
  };
}

function intOf(attributes: NodeForm['attributes'], name: string): number | undefined {
  const attribute = attributes.get(name);
  return attribute?.type === 'int' ? attribute.value : undefined;
}

/** `axis` is where the second operand's dimensions start in the first; without it they end together. */
function alignBroadcast({ inputs, attributes }: NodeForm, at: NodeContext): NodeForm {
  const [a, b] = inputs;
  const axis = intOf(attributes, 'axis');
  const plain = without(attributes, ['broadcast', 'axis']);
  if (axis === undefined || a === undefined || b === undefined || b.kind === 'dims') {
    return { inputs, attributes: plain };
  }
  const rank = a.type.shape.length;
  const behind = rank - at.axis(axis, rank) - b.type.shape.length;
  if (behind < 0) return at.fail(`axis ${axis} leaves no room for its second operand`);
  const aligned = reshapeTo(b, [...b.type.shape, ...new Array<number>(behind).fill(1)], at);
  return { inputs: [a, aligned], attributes: plain };
}

/** A slope for each channel, which now has to be broadcast like any operand. */
function alignSlope({ inputs, attributes }: NodeForm, at: NodeContext): NodeForm {
  const [x, slope] = inputs;
  if (x === undefined || slope?.type.shape.length !== 1 || slope.type.shape[0] === 1) {
    return { inputs, attributes };
  }
  const behind = Math.max(0, x.type.shape.length - 2);
  const target = [...slope.type.shape, ...new Array<number>(behind).fill(1)];
  return { inputs: [x, reshapeTo(slope, target, at)], attributes };
}

function withAxisOne({ inputs, attributes }: NodeForm): NodeForm {
  if (attributes.has('axis')) return { inputs, attributes };
  return { inputs, attributes: new Map([...attributes, ['axis', { type: 'int', value: 1 }]]) };
}

const ELEMENT_TYPES: ReadonlyMap<string, number> = new Map([
  ...['FLOAT', 'UINT8', 'INT8', 'UINT16', 'INT16', 'INT32', 'INT64', 'STRING', 'BOOL'].map(
    (name, i) => [name, i + 1] as const,
  ),
  ...['FLOAT16', 'DOUBLE', 'UINT32', 'UINT64'].map((name, i) => [name, i + 10] as const),
]);

function castByName({ inputs, attributes }: NodeForm, at: NodeContext): NodeForm {
  const to = attributes.get('to');
  if (to?.type !== 'string') return { inputs, attributes };
  const value = ELEMENT_TYPES.get(to.value.toUpperCase());
  if (value === undefined) return at.refuse(`to "${to.value}"`);
  return { inputs, attributes: new Map([...attributes, ['to', { type: 'int', value }]]) };
}

/** `tiles` and `axis` were two inputs of one number. */
function tileAlongAxis({ inputs, attributes }: NodeForm, at: NodeContext): NodeForm {
  const [x, tiles, axis] = inputs;
  if (x === undefined || tiles === undefined || axis === undefined) return { inputs, attributes };
  const rank = x.type.shape.length;
  const along = at.axis(at.numbers(axis, 'axis')[0] ?? 0, rank);
  const count = at.numbers(tiles, 'tiles')[0] ?? 1;
  const counts = new Array<number>(rank).fill(1).with(along, count);
  return { inputs: [x, numbers(counts, 'int64')], attributes };
}

function scaleByTwoNumbers({ inputs, attributes }: NodeForm): NodeForm {
  const factor = (name: string): number => {
    const attribute = attributes.get(name);
    return attribute?.type === 'float' ? attribute.value : 1;
  };
  if (!attributes.has('height_scale') && !attributes.has('width_scale')) {
    return { inputs, attributes };
  }
  const value = [1, 1, factor('height_scale'), factor('width_scale')];
  const rest = without(attributes, ['height_scale', 'width_scale']);
  return { inputs, attributes: new Map([...rest, ['scales', { type: 'floats', value }]]) };
}

function scalesAsInput({ inputs, attributes }: NodeForm): NodeForm {
  const scales = attributes.get('scales');
  if (scales?.type !== 'floats') return { inputs, attributes };
  const [x] = inputs;
  return {
    inputs: [x, numbers(scales.value, 'float32')],
    attributes: without(attributes, ['scales']),
  };
}

function numbers(values: readonly number[], dtype: 'int64' | 'float32'): Value {
  const shape = [values.length];
  const data = allocate(dtype, elementCount(shape));
  data.set(values);
  return constantValue(tensor(dtype, shape, data));
}
