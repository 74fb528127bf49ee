// What the command line refuses before any device is opened, and what it says then.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { idx, png, put, temporaryFolder } from '../data/fixtures.ts';
import { run } from './run.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const folder = temporaryFolder();
let images = '';
let digits: string[] = [];

beforeAll(async () => {
  images = join(folder.path, 'images');
  await put(join(images, 'a.png'), png(100, 40, 30));
  const idxFolder = join(folder.path, 'idx');
  const pixels = Array<number>(2 * 784).fill(50);
  await put(join(idxFolder, 't10k-images-idx3-ubyte'), idx([2, 28, 28], pixels));
  digits = ['--data', idxFolder];
});

describe('a wrong command exits with 2', () => {
  const refuse = async (expected: string, ...args: readonly string[]): Promise<void> => {
    const { status, out, err } = await run('attack', MODEL, ...digits, ...args);
    expect(err).toContain(expected);
    expect(err.startsWith('deepfool: ')).toBe(true);
    expect({ status, out }).toEqual({ status: 2, out: '' });
  };

  it('for an option that does not exist', () => refuse("unknown option '--nrom'", '--nrom', '2'));

  it('for a command that does not exist', async () => {
    const { status, err } = await run('atack');
    expect(err).toContain("unknown command 'atack'");
    expect(status).toBe(2);
  });

  it('for a missing model, or missing images', async () => {
    expect(await run('attack')).toMatchObject({ status: 2, out: '' });
    const { status, err } = await run('attack', MODEL);
    expect(err).toContain("required option '--data <path>'");
    expect(status).toBe(2);
  });

  it.each([
    ['norm', '0.5', 'Expected a number of at least 1, or inf.'],
    ['norm', 'two', 'Expected a number of at least 1, or inf.'],
    ['bounds', '1', 'Expected two numbers: lowest,highest.'],
    ['bounds', '1,0', 'expected two numbers, the lower first, got 1,0'],
    ['candidates', '1', 'expected a whole number ≥ 2, or all, got 1'],
    ['candidates', 'some', 'Expected a number.'],
    ['lazy', '0.5', 'expected a number ≥ 1, got 0.5'],
    ['lazy', 'yes', 'Expected a number.'],
    ['max-steps', '0', 'Expected a whole number of at least 1.'],
    ['overshoot', '-1', 'expected a number ≥ 0, got -1'],
    ['stabilizer', 'x', 'Expected a number.'],
    ['target', '10', 'expected a class of the model, 0 to 9, got 10'],
    ['mean', '1,2,3', 'one for each channel'],
    ['std', '0', 'expected numbers > 0'],
    ['batch', '0', 'Expected a whole number of at least 1.'],
    ['batch', '1.5', 'Expected a whole number.'],
    ['resize', '32', 'raw images keep their 28×28 pixels'],
    ['range', '1:1', 'start below end'],
    ['range', '0:9', 'within the 2 images'],
    ['device', 'cpu', 'there is no CPU executor yet'],
    ['out', 'r.txt', 'ending in .ndjson (or .jsonl) or .csv, got "r.txt"'],
    ['contact-sheet', 'r.jpg', 'ending in .png'],
  ])('for --%s %s', (name, value, message) => refuse(message, `--${name}`, value));

  it('for --only-correct on images without labels', () =>
    refuse('expected labelled images', '--only-correct'));
});

describe('work that cannot be done exits with 1, and leaves no file', () => {
  const fail = async (expected: string, ...args: readonly string[]): Promise<void> => {
    const { status, out, err } = await run('attack', ...args);
    expect(err).toContain(expected);
    expect(err).not.toContain('    at ');
    expect({ status, out }).toEqual({ status: 1, out: '' });
  };

  it('for a model that is not there or is none', async () => {
    await fail('nope.onnx: the model cannot be read: no such file', 'nope.onnx', ...digits);
    const text = await put(join(folder.path, 'text.onnx'), '{"a": 1}');
    await fail('expected an ONNX model, found 8 bytes', text, ...digits);
  });

  it('for images that are not there', () =>
    fail('found no such file or folder', MODEL, '--data', join(folder.path, 'nowhere')));

  it('for images of another size, with the remedy', async () => {
    await fail('expected images of 1 × 28 × 28', MODEL, '--data', images);
    await fail('got 3 × 30 × 40: a.png', MODEL, '--data', images);
    await fail('add --resize 28 --crop 28', MODEL, '--data', images);
  });

  it('for images none of which can be read, with the first reason', async () => {
    const broken = join(folder.path, 'broken');
    await put(join(broken, 'a.png'), png(1).slice(0, 40));
    await put(join(broken, 'b.png'), 'text');
    await fail('none of the 2 images can be read: ', MODEL, '--data', broken);
  });

  it('for results that cannot be written', async () => {
    const out = join(folder.path, 'no', 'r.csv');
    await fail('its folder does not exist', MODEL, ...digits, '--out', out);
  });

  it('for class names that cannot be read', async () => {
    const out = join(folder.path, 'r.csv');
    await fail('class names cannot be read', MODEL, ...digits, '--out', out, '--class-names', 'x');
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('with a stack when --debug asks for it', async () => {
    const { err } = await run('attack', 'nope.onnx', ...digits, '--debug');
    expect(err).toContain('ModelError: nope.onnx');
    expect(err).toContain('    at ');
  });
});

describe('info', () => {
  it('tells what a model holds and how it is read', async () => {
    const { status, out, err } = await run('info', MODEL);
    expect(out).toMatchInlineSnapshot(`
      "lenet-fashion-mnist.onnx

        input       "input" float32[N, 1, 28, 28]
        read as     1 × 28 × 28 (channels × height × width)
        classes     10
        batch       any
        format      ONNX opset 13, IR version 7
        producer    pytorch 1.13.0
        size        10 nodes, 129,388 parameters
        operators   Relu × 3, Conv × 2, Gemm × 2, MaxPool × 2, Flatten
      "
    `);
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });

  it('prints one JSON object and nothing else with --json', async () => {
    const { out } = await run('info', MODEL, '--json');
    expect(JSON.parse(out)).toMatchObject({
      model: 'lenet-fashion-mnist.onnx',
      image: [1, 28, 28],
      classes: 10,
      batchable: true,
      notes: [],
    });
  });
});

it('info refuses options of a step when no plan is asked for', async () => {
  const { status, out, err } = await run('info', MODEL, '--max-steps', '3');
  expect(err).toBe(
    'deepfool: --max-steps: it shapes a step of the attack, so it asks for --plan\n',
  );
  expect({ status, out }).toEqual({ status: 2, out: '' });
});

it('info estimates for a GPU that need not be here', async () => {
  const { status, out, err } = await run('info', MODEL, '--estimate', 'h100', '--json');
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({ estimate: { machine: 'H100', batch: 64 } });
  const unknown = await run('info', MODEL, '--estimate', 'abacus');
  expect(unknown.err).toContain('expected one of H100, RTX 4090');
  expect(unknown.status).toBe(2);
});

it('prints help and the version on standard output, with status 0', async () => {
  expect(await run('attack', '--help')).toMatchObject({ status: 0, err: '' });
  const { status, out } = await run('--version');
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(status).toBe(0);
});
