// The driver around the step: how it chooses its batch, and what it refuses. No device: the executor
// here only says what fits.
import { describe, expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import { resolveOptions, type DeepFoolOptions } from '../../src-ts/attack/options.ts';
import { DeviceLimitError, OptionError } from '../../src-ts/core/errors.ts';
import type { Executor, MemoryNeed } from '../../src-ts/executor/executor.ts';
import { convNet } from './models.ts';

/** An executor on which storage for `fits` images can be had, and the plan of `promised` looks well. */
function executorFor(need: (slots: number) => MemoryNeed, fits: number): Executor {
  return {
    tuning: 'default',
    notes: [],
    info: {
      name: 'none',
      backend: 'webgpu',
      software: true,
      vendor: '',
      architecture: '',
      description: '',
    },
    memory: (_graph, { capacity }) => need(capacity['S']!),
    describe: () => ({
      calls: [],
      buffers: [],
      memory: { planned: 0, bound: 0, whileCompiling: 0 },
    }),
    compile: (_graph, { capacity }) => {
      if (capacity['S']! > fits) throw new DeviceLimitError('storage', capacity['S']!, fits);
      return Promise.resolve({
        byteLength: 0,
        write: () => undefined,
        setExtent: () => undefined,
        run: () => undefined,
        read: () => Promise.resolve({}),
        readExtents: () => Promise.resolve({}),
        dispose: () => undefined,
      });
    },
    finish: () => Promise.resolve(),
    dispose: () => undefined,
  };
}

const bytes =
  (perSlot: number, bufferLimit: number) =>
  (slots: number): MemoryNeed => ({
    total: 4 * perSlot * slots,
    largestBuffer: perSlot * slots,
    bufferLimit,
  });
const batchOf = async (executor: Executor, batch?: number): Promise<number> => {
  const settings = batch === undefined ? {} : { batch };
  return (await DeepFoolAttack.create(executor, convNet(5, 1), {}, settings)).batch;
};

describe('the batch', () => {
  it('is what was asked for where it fits, and 64 by default', async () => {
    const roomy = executorFor(bytes(1, 1000), 1000);
    expect(await batchOf(roomy, 100)).toBe(100);
    expect(await batchOf(roomy)).toBe(64);
  });

  it('is halved until its largest buffer can be bound', async () => {
    expect(await batchOf(executorFor(bytes(10, 200), 1000), 100)).toBe(13);
  });

  it('is halved when the device refuses the storage', async () => {
    expect(await batchOf(executorFor(bytes(1, 1000), 20), 64)).toBe(16);
  });

  it('is refused when not even one image fits', async () => {
    const act = batchOf(executorFor(bytes(300, 200), 1000), 8);
    await expect(act).rejects.toThrow(DeviceLimitError);
    await expect(act).rejects.toThrow(
      'one image with one candidate at a time, in bytes of one buffer: asked for 300, the adapter gives 200',
    );
  });

  it('must be a whole number', async () => {
    const roomy = executorFor(bytes(1, 1000), 1000);
    await expect(batchOf(roomy, 0)).rejects.toThrow('--batch: expected a whole number ≥ 1, got 0');
    await expect(batchOf(roomy, 1.5)).rejects.toThrow(OptionError);
  });
});

describe('options', () => {
  const subject = { classes: 10, channels: 3 };
  const resolve = (options: DeepFoolOptions): ReturnType<typeof resolveOptions> =>
    resolveOptions(options, subject);

  it('have the defaults of the paper', () => {
    expect(resolve({})).toMatchObject({
      ...{ norm: 2, overshoot: 0.02, candidates: 10, maxSteps: 50, stabilizer: 0 },
      ...{ lazy: null, bounds: null, target: null, mean: null, std: null },
    });
  });

  it('spread one number over all channels, and fill in the other half', () => {
    expect(resolve({ mean: [0.5] })).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [1, 1, 1] });
    expect(resolve({ std: [1, 2, 4] })).toMatchObject({ mean: [0, 0, 0], std: [1, 2, 4] });
  });

  it.each<[DeepFoolOptions, string]>([
    [{ norm: 0.5 }, '--norm: expected a number ≥ 1, or inf, got 0.5'],
    [{ norm: NaN }, '--norm'],
    [{ overshoot: -1 }, '--overshoot: expected a number ≥ 0, got -1'],
    [{ candidates: 1 }, '--candidates: expected a whole number ≥ 2, or all, got 1'],
    [{ lazy: 0.5 }, '--lazy: expected a number ≥ 1, got 0.5'],
    [{ lazy: Infinity }, '--lazy'],
    [{ lazy: NaN }, '--lazy'],
    [{ maxSteps: 0 }, '--max-steps: expected a whole number ≥ 1, got 0'],
    [{ stabilizer: Infinity }, '--stabilizer'],
    [{ bounds: [1, 0] }, '--bounds: expected two numbers, the lower first, got 1,0'],
    [{ target: 10 }, '--target: expected a class of the model, 0 to 9, got 10'],
    [{ mean: [1, 2] }, '--mean: expected 3 numbers'],
    [{ std: [1, 0, 1] }, '--std: expected numbers > 0, got 1,0,1'],
  ])('%j is refused', (options, message) => {
    expect(() => resolve(options)).toThrow(OptionError);
    expect(() => resolve(options)).toThrow(message);
  });

  it('a binary model has the targets 0 and 1', () => {
    const binary = { classes: 1, channels: 1 };
    expect(resolveOptions({ target: 1 }, binary).target).toBe(1);
    expect(() => resolveOptions({ target: 2 }, binary)).toThrow('0 to 1');
  });
});
