// How fast are our kernels, beside other engines on the same adapter?
import { elementCount } from '../src-ts/core/shape.ts';
import { seededRandom } from '../test/reference/random.ts';
import { runBench } from './harness.ts';
import { elementOf, flopsOf, KERNEL_CASES, outputShape, type KernelCase } from './kernels/cases.ts';
import type { KernelEngine, PreparedKernel } from './kernels/engine.ts';
import { ourEngine } from './kernels/ours.ts';
import { tfjsWebGpuEngine } from './kernels/tfjs-webgpu.ts';
import { relativeError } from './statistics.ts';

const CHECKED_ELEMENTS = 500;
const TOLERANCE = 1e-5;
const NOTES = [
  'Timed: encoding, submission and kernels of many runs, until the device has done them; not upload, packing',
  'of weights, or read-back (ours reads one row of the result, once a sample: programs have no other way to wait).',
];

/** Throws unless sampled elements of the result are what the plain loop gives. */
async function check(engine: KernelEngine, each: KernelCase, kernel: PreparedKernel) {
  const output = await kernel.output();
  const random = seededRandom(5);
  const size = elementCount(outputShape(each));
  const at = Array.from({ length: CHECKED_ELEMENTS }, () => Math.floor(random() * size));
  const expected = at.map((index) => elementOf(each, index));
  const error = relativeError(
    at.map((index) => output[index]!),
    expected,
  );
  if (output.length === size && error <= TOLERANCE) return error;
  throw new Error(`${engine.name}, ${each.name}: wrong result, relative error ${error}`);
}

await runBench('kernels', async ({ executor, measure, add }) => {
  const engines = [ourEngine(executor), await tfjsWebGpuEngine(executor.info)];
  for (const each of KERNEL_CASES) {
    const kernels = [];
    const errors = [];
    for (const engine of engines) {
      const kernel = await engine.prepare(each);
      errors.push((await check(engine, each, kernel)).toExponential(0));
      kernels.push(kernel);
    }
    const measurements = await measure(kernels.map(({ run }) => run));
    for (const kernel of kernels) kernel.dispose();
    const amount = flopsOf(each) / 1e9;
    const rows = engines.map(({ name }, i) => ({ name, amount, measurement: measurements[i]! }));
    const checked = `Checked before timing: ${CHECKED_ELEMENTS} elements, relative errors ${errors.join(', ')}.`;
    add({ title: each.name, unit: 'GFLOP', rows, notes: [checked, ...NOTES] });
  }
});
