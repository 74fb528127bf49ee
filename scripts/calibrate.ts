// `npm run calibrate`: measures what each kernel reaches on this machine and writes it where
// `deepfool info --estimate lavapipe` finds it. For software adapters: it counts CPU time.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { calibrate } from '../bench/calibrate.ts';
import type { MeasuredRates, Rate } from '../src-ts/executor/estimate.ts';
import { openWebGpu } from '../src-ts/executor/webgpu/index.ts';
import { formatTable } from '../src-ts/report/table.ts';

const TARGET = new URL('../src-ts/executor/lavapipe.ts', import.meta.url);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const rounded = (value: number): string =>
  Number.isFinite(value) ? Number(value.toPrecision(3)).toExponential() : 'Infinity';
const formatRate = ({ flops, bytes }: Rate): string =>
  `{ flops: ${rounded(flops)}, bytes: ${rounded(bytes)} }`;

function rateRows({ variants, dense, other }: MeasuredRates): string[][] {
  const all = [...Object.entries(variants), ['dense', dense], ['other', other]] as const;
  const cell = (value: number): string => (Number.isFinite(value) ? (value / 1e9).toFixed(2) : '–');
  return all.map(([name, { flops, bytes }]) => [name, cell(flops), cell(bytes)]);
}

function moduleText({
  dispatch,
  sequence,
  variants,
  kernels,
  dense,
  other,
}: MeasuredRates): string {
  const table = (rates: Readonly<Record<string, Rate>>): string =>
    Object.entries(rates)
      .map(([name, rate]) => `'${name}': ${formatRate(rate)},`)
      .join('\n');
  return `// What kernels reach on a software adapter: written by scripts/calibrate.ts, not by hand.
import type { MeasuredRates } from './estimate.ts';

export const LAVAPIPE: { readonly measuredOn: string; readonly rates: MeasuredRates } = {
  measuredOn: '${executor.info.name}, ${os.availableParallelism()} × ${os.cpus()[0]?.model ?? 'CPU'}',
  rates: {
    dispatch: ${rounded(dispatch)},
    sequence: ${sequence.toFixed(2)},
    variants: {${table(variants)}},
    kernels: {${table(kernels)}},
    dense: ${formatRate(dense)},
    other: ${formatRate(other)},
  },
};
`;
}

const executor = await openWebGpu();
if (!executor.info.software) throw new Error(`${executor.info.name} is no software adapter`);
const rates = await calibrate(executor, (name) => {
  say(`measuring the calls of ${name}`);
});
say(`\na dispatch: ${(rates.dispatch * 1e6).toFixed(1)} µs`);
say(`a step: ${rates.sequence.toFixed(2)} times its calls, each by itself`);
say(formatTable([['kernel', 'GFLOP/s', 'GB/s'], ...rateRows(rates)]));
const { format, resolveConfig } = await import('prettier');
const config = await resolveConfig(TARGET.pathname);
writeFileSync(TARGET, await format(moduleText(rates), { ...config, parser: 'typescript' }));
process.exit(0); // an open device keeps the process alive
