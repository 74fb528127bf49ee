// How fast are our kernels, beside other engines on the same adapter?
import { elementCount } from '../src-ts/core/shape.ts';
import { openOwnDevice } from '../src-ts/api/device.ts';
import { seededRandom } from '../test/reference/random.ts';
import { runBench } from './harness.ts';
import {
  elementOf,
  flopsOf,
  KERNEL_CASES,
  outputShape,
  suitsWinograd,
  type KernelCase,
} from './kernels/cases.ts';
import { CEILING_FLOPS, ceilingWork } from './kernels/ceiling.ts';
import type { KernelEngine, PreparedKernel } from './kernels/engine.ts';
import { formTables } from './kernels/forms.ts';
import { jaxEngine } from './kernels/jax.ts';
import { onnxruntimeEngine } from './kernels/onnxruntime.ts';
import { ourEngine } from './kernels/ours.ts';
import { tfjsEngine } from './kernels/tfjs.ts';
import { openJax } from './rivals/jax.ts';
import { openTfjs } from './rivals/tfjs.ts';
import { relativeError } from './statistics.ts';

const CHECKED_ELEMENTS = 500;
const TOLERANCE = 2e-5; // that of Winograd's convolution
const TIMED =
  'Timed: encoding, submission and kernels of many runs, until the device has done them; not upload, ' +
  'packing of weights, or read-back, but where a library knows no other way: ours reads one row of the ' +
  'result, once a sample, and onnxruntime uploads and reads back in every run.';

/** The relative error of sampled elements against the plain loop. Throws when it is too large. */
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

await runBench('kernels', async ({ executor, measure, add, note }) => {
  const [ceiling] = await measure([await ceilingWork()]);
  add({
    title: 'What the adapter can reach',
    unit: 'GFLOP',
    rows: [{ name: 'multiply-adds', amount: CEILING_FLOPS / 1e9, measurement: ceiling! }],
    notes: ['12 sums in registers, nothing loaded or stored.'],
  });
  const rivals = [
    tfjsEngine(await openTfjs('webgpu', executor.info)),
    jaxEngine(await openJax(executor.info)),
    onnxruntimeEngine('webgpu'),
  ];
  const ours = ourEngine(executor);
  const fast = await openOwnDevice({ traits: { winograd: true } });
  const winograd = ourEngine(fast, 'deepfool-webgpu, Winograd');
  const others = [...rivals, onnxruntimeEngine('cpu')];
  for (const each of KERNEL_CASES) {
    const engines = suitsWinograd(each) ? [ours, winograd, ...others] : [ours, ...others];
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
    const rows = engines.map((engine, i) => ({
      ...{ name: engine.name, amount, measurement: measurements[i]! },
      rival: rivals.includes(engine),
    }));
    const checked = `Checked before timing: ${CHECKED_ELEMENTS} elements, relative errors ${errors.join(', ')}.`;
    add({ title: each.name, unit: 'GFLOP', rows, notes: [checked] });
  }
  for (const { title, gflop, forms, others, note: said } of await formTables()) {
    const all = [...forms, ...others];
    const measurements = await measure(all.map(({ run }) => run));
    const rows = all.map(({ name }, i) => ({ name, amount: gflop, measurement: measurements[i]! }));
    add({
      title,
      unit: 'GFLOP',
      rows,
      notes: [said, 'Checked before timing: results are the same.'],
    });
  }
  note(TIMED);
});
