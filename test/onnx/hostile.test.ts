// Files that are no ONNX, broken, or made to hurt: each gets a typed error that names the trouble.
import { describe, expect, test } from 'vitest';
import {
  EngineError,
  ModelError,
  OnnxParseError,
  UnsupportedOpError,
} from '../../src-ts/core/errors.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { seededRandom } from '../reference/random.ts';
import {
  FLOAT,
  floats,
  ints,
  onnxFile,
  pattern,
  type FileSpec,
  type NodeSpec,
} from './onnx-file.ts';

const read = (bytes: Uint8Array): unknown => importOnnx(bytes, { name: 'bad.onnx' });
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const file = (nodes: readonly NodeSpec[], rest: Partial<FileSpec> = {}): Uint8Array =>
  onnxFile({ nodes, ...rest });

const small = (): Uint8Array =>
  file(
    [
      { op: 'Conv', in: ['x', 'w'], out: ['c'] },
      { op: 'Reshape', in: ['c', 'to'], out: ['f'] },
      { op: 'Gemm', in: ['f', 'v'], out: ['y'] },
    ],
    { constants: { w: pattern(2, 2, 3, 3), v: pattern(8, 3), to: ints(1, -1) } },
  );

describe('bytes that are no ONNX', () => {
  test.each([
    ['nothing', text(''), 'found 0 bytes: looks like an empty file'],
    [
      'a ZIP',
      new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]),
      'looks like a ZIP archive, such as a PyTorch',
    ],
    ['HTML', text('<!DOCTYPE html><p>404</p>'), 'looks like an HTML page'],
    ['text', text('hello there, general'), 'looks like a text file'],
    ['a pointer', text('version https://git-lfs.github.com/spec/v1\n'), 'a Git LFS pointer'],
    [
      'noise',
      new Uint8Array(64).fill(0xff),
      'found 64 bytes: protobuf that breaks off or is damaged',
    ],
    ['an empty message', new Uint8Array([8, 7]), 'found 2 bytes: a message without a graph'],
  ])('%s', (_title, bytes, message) => {
    expect(() => read(bytes)).toThrow(OnnxParseError);
    expect(() => read(bytes)).toThrow(message);
  });

  test('a file cut short', () => {
    const whole = small();
    expect(() => read(whole.subarray(0, whole.length - 40))).toThrow(OnnxParseError);
  });
});

describe('graphs that cannot be', () => {
  test('an output that is a list of sizes with the batch in it', () => {
    const inputs = { x: [FLOAT, ['N', 2, 4, 4]] } as const;
    const bytes = file([{ op: 'Shape', in: ['x'], out: ['y'] }], { inputs });
    const act = (): unknown => importOnnxGraph(bytes, { name: 'bad.onnx' });
    expect(act).toThrow(ModelError);
    expect(act).toThrow('found "y": [N, 2, 4, 4], sizes known only at run time');
  });

  test('a running sum too long to be made while reading stays a node', () => {
    const bytes = file(
      [
        { op: 'CumSum', in: ['long', 'axis'], out: ['sums'] },
        { op: 'ReduceSum', in: ['sums'], out: ['sum'] },
        { op: 'Add', in: ['x', 'sum'], out: ['y'] },
      ],
      { constants: { long: pattern(500_000), axis: ints(0) } },
    );
    const { nodes } = importOnnxGraph(bytes, { name: 'long.onnx' });
    expect(nodes.map(({ kind }) => kind)).toContain('window_sum');
  });

  test('a list of sizes that doubles again and again', () => {
    const doubled = Array.from({ length: 40 }, (_, k) => ({
      op: 'Concat',
      in: [`s${k}`, `s${k}`],
      out: [`s${k + 1}`],
      attrs: { axis: 0 },
    }));
    const bytes = file([
      { op: 'Shape', in: ['x'], out: ['s0'] },
      ...doubled,
      { op: 'Reshape', in: ['x', 's40'], out: ['y'] },
    ]);
    expect(() => read(bytes)).toThrow(/Concat "s\d+": its result would be/);
  });

  test('a sequence too long to be listed', () => {
    const bytes = file(
      [
        { op: 'ConstantOfShape', in: ['size'], out: ['long'] },
        { op: 'ReverseSequence', in: ['long', 'lengths'], out: ['turned'] },
        { op: 'ReduceSum', in: ['turned'], out: ['sum'] },
        { op: 'Add', in: ['x', 'sum'], out: ['y'] },
      ],
      { constants: { size: ints(60_000_000, 2), lengths: ints(1, 2) } },
    );
    expect(() => read(bytes)).toThrow('[2, 60000000] has 120000000 elements: too many');
  });

  test.each([
    ['one axis for both', { batch_axis: -1, time_axis: 1 }, [1, 2], 'axis 1 is both its batch'],
    ['a length beyond the axis', {}, [1, 4], 'a length is not within 0 … 3'],
  ])('a sequence turned round with %s', (_title, attrs, lengths, message) => {
    const bytes = file([{ op: 'ReverseSequence', in: ['s', 'n'], out: ['y'], attrs }], {
      constants: { s: floats([3, 2], [1, 2, 3, 4, 5, 6]), n: ints(...lengths) },
    });
    expect(() => importOnnxGraph(bytes, { name: 'turned.onnx' })).toThrow(message);
  });

  test('a value split into countless parts', () => {
    const split = { op: 'Split', in: ['x'], out: ['y'], attrs: { axis: 1, num_outputs: 1e9 } };
    expect(() => read(file([split]))).toThrow('[1000000000] has 1000000000 elements: too many');
  });

  test('an axis of a value that has none', () => {
    const bytes = file(
      [
        { op: 'Slice', in: ['scalar', 'from', 'to', 'from'], out: ['cut'] },
        { op: 'Add', in: ['x', 'cut'], out: ['y'] },
      ],
      { constants: { scalar: floats([], [1]), from: ints(0), to: ints(1) } },
    );
    expect(() => read(bytes)).toThrow('axis 0 is out of range for 0 dimensions');
  });

  const relu = (input: string, output: string): NodeSpec => ({
    op: 'Relu',
    in: [input],
    out: [output],
    name: `${input} to ${output}`,
  });

  test.each<[string, Uint8Array, string]>([
    [
      'a cycle',
      file([relu('b', 'a'), relu('a', 'b'), relu('b', 'y')]),
      'node "a to b" needs its own output',
    ],
    ['a missing input', file([relu('nowhere', 'y')]), 'reads "nowhere", which nothing makes'],
    ['a name made twice', file([relu('x', 'y'), relu('x', 'y')]), '"y" is made twice'],
    ['a missing output', file([relu('x', 'z')]), 'the output reads "y", which nothing makes'],
    [
      'a constant of 10¹² elements',
      file(
        [
          { op: 'ConstantOfShape', in: ['s'], out: ['huge'], name: 'huge' },
          { op: 'Add', in: ['x', 'huge'], out: ['y'] },
        ],
        { constants: { s: ints(1e6, 1e6) } },
      ),
      'ConstantOfShape "huge": a constant of shape [1000000, 1000000] has 1000000000000 elements',
    ],
    [
      'a negative size',
      file([{ op: 'Reshape', in: ['x', 's'], out: ['y'] }], { constants: { s: ints(1, -3) } }),
      'the target has a negative size',
    ],
    [
      'a stride of 0',
      file([
        { op: 'MaxPool', in: ['x'], out: ['y'], attrs: { kernel_shape: [2, 2], strides: [0, 1] } },
      ]),
      'strides [0, 1] does not fit 2 spatial dimensions',
    ],
    [
      'a window larger than the image',
      file([{ op: 'MaxPool', in: ['x'], out: ['y'], attrs: { kernel_shape: [9, 9] } }]),
      'its window of 9 × 9 is larger than the input, 4 × 4',
    ],
    [
      'an initialiser with too few numbers',
      file([{ op: 'Add', in: ['x', 'w'], out: ['y'] }], {
        constants: { w: floats([4, 4], [1, 2]) },
      }),
      'tensor "w": float32[4, 4] has 16 elements, 2 are stored',
    ],
    [
      'an initialiser of negative size',
      file([relu('x', 'y')], { constants: { w: floats([-4], [1]) } }),
      'tensor "w" has the shape [-4]',
    ],
    [
      'weights that do not fit',
      file([{ op: 'Conv', in: ['x', 'w'], out: ['y'], name: 'c' }], {
        constants: { w: pattern(2, 5, 1, 1) },
      }),
      'conv "c"',
    ],
  ])('%s', (_title, bytes, message) => {
    expect(() => read(bytes)).toThrow(EngineError);
    expect(() => read(bytes)).toThrow(message);
  });

  test('nodes out of order are put in order', () => {
    const nodes = [
      { op: 'Flatten', in: ['r'], out: ['y'] },
      { op: 'Relu', in: ['x'], out: ['r'] },
    ];
    expect(() => read(file(nodes))).not.toThrow();
  });

  test('a graph deeper than the stack', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) =>
      relu(i === 0 ? 'x' : `v${i}`, `v${i + 1}`),
    );
    const bytes = file([...nodes.reverse(), { op: 'Flatten', in: ['v20000'], out: ['y'] }]);
    expect(() => read(bytes)).not.toThrow();
  });
});

test('all unsupported nodes are listed at once', () => {
  const bytes = file([
    { op: 'Erfinv', in: ['x'], out: ['a'], name: 'first' },
    { op: 'Relu', in: ['a'], out: ['b'] },
    { op: 'Attention', domain: 'com.microsoft', in: ['b'], out: ['c'], name: 'second' },
    { op: 'Relu', in: ['x'], out: ['d'], attrs: { slope: 3 } },
    { op: 'Add', in: ['c', 'd'], out: ['y'] },
  ]);
  expect(() => read(bytes)).toThrow(
    new UnsupportedOpError('bad.onnx', [
      { operator: 'Erfinv', node: 'first', opset: 13 },
      { operator: 'com.microsoft.Attention', node: 'second', opset: 1 },
      { operator: 'Relu', node: 'd', opset: 13, reason: 'attribute "slope"' },
    ]),
  );
});

test('a file with any byte changed is read or refused, never worse', () => {
  const whole = small();
  const random = seededRandom(11);
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from(whole);
    for (let change = 0; change <= round % 3; change++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    const length = round % 7 === 0 ? Math.floor(random() * bytes.length) : bytes.length;
    try {
      read(bytes.subarray(0, length));
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
    }
  }
});

test('an input name like a property of every object is an ordinary name', () => {
  const nodes = [{ op: 'toString', in: ['x'], out: ['y'], name: 'constructor' }];
  expect(() => read(file(nodes, { inputs: { x: [FLOAT, [1, 4]] } }))).toThrow(UnsupportedOpError);
});
