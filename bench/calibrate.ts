// Measures what kernels reach on this machine, from the steps of a few networks with random weights:
// for each variant of a kernel, the rates of arithmetic and of memory that explain its calls best.
import {
  isDense,
  variantName,
  type MeasuredRates,
  type Rate,
} from '../src-ts/executor/estimate.ts';
import type { WebGpuExecutor } from '../src-ts/executor/webgpu/index.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { alexNet, squeezeNet, vgg } from '../test/networks/classic.ts';
import type { Scale } from '../test/networks/layers.ts';
import { mnasNet } from '../test/networks/mobile.ts';
import { basicResNet } from '../test/networks/residual.ts';
import { TokenNet } from '../test/networks/tokens.ts';
import { profileStep, type ProfiledStep, type TimedCall } from './profile.ts';

interface Subject {
  readonly name: string;
  readonly build: (net: TokenNet) => string;
  readonly scale: Scale;
  readonly batch: number;
}

const IMAGENET = { size: 224, width: 1, depth: Infinity, classes: 1000 };
const SMALL = { size: 32, width: 1 / 2, depth: 1, classes: 10 };

/** Large convolutions, depthwise ones, joined branches, small images: none is a model that is benched. */
const SUBJECTS: readonly Subject[] = [
  { name: 'ResNet-18', build: basicResNet([2, 2, 2, 2]), scale: IMAGENET, batch: 1 },
  { name: 'MnasNet', build: mnasNet, scale: IMAGENET, batch: 2 },
  { name: 'SqueezeNet', build: squeezeNet, scale: IMAGENET, batch: 1 },
  {
    name: 'narrow AlexNet',
    build: alexNet,
    scale: { ...SMALL, size: 64, width: 1 / 16 },
    batch: 64,
  },
  { name: 'small VGG', build: vgg([1, 1, 2, 2, 2]), scale: SMALL, batch: 16 },
];

function importSubject({ name, build, scale }: Subject): ImportedModel {
  const batch = 'batch';
  const net = new TokenNet(scale, { opset: 13, batchNorm: 'folded', batch });
  return importOnnx(net.finish(build(net), 'output', [batch, scale.classes]), { name });
}

export async function calibrate(
  executor: WebGpuExecutor,
  onNetwork: (name: string) => void = () => undefined,
): Promise<MeasuredRates> {
  const steps: ProfiledStep[] = [];
  for (const subject of SUBJECTS) {
    onNetwork(`${subject.name}, batch ${subject.batch}`);
    steps.push(await profileStep(executor, importSubject(subject), subject.batch));
  }
  const sequence = medianOf(steps.map(sequenceOf));
  return { ...fitRates(steps.flatMap(({ calls }) => calls)), sequence };
}

/** A step over the sum of its calls. */
export const sequenceOf = ({ calls, seconds }: ProfiledStep): number =>
  seconds / calls.reduce((sum, call) => sum + call.seconds, 0);

/** Rates from timed calls. The price of a dispatch is that of the calls that do next to nothing. */
export function fitRates(calls: readonly TimedCall[]): Omit<MeasuredRates, 'sequence'> {
  const idle = calls.filter(({ flops, bytes }) => flops < 1e4 && bytes < 1e4);
  const dispatch = medianOf(idle.map(({ seconds }) => seconds));
  const working = calls.flatMap((call) => {
    const seconds = call.seconds - dispatch;
    return seconds > dispatch ? [{ ...call, seconds }] : [];
  });
  const fitBy = (nameOf: (call: TimedCall) => string): Record<string, Rate> => {
    const names = [...new Set(working.map(nameOf))].sort();
    const calls = (name: string): TimedCall[] => working.filter((call) => nameOf(call) === name);
    return Object.fromEntries(names.map((name) => [name, fitRate(calls(name))]));
  };
  return {
    dispatch,
    variants: fitBy(variantName),
    kernels: fitBy(({ kernel }) => kernel),
    dense: fitRate(working.filter(isDense)),
    other: fitRate(working.filter((call) => !isDense(call))),
  };
}

/**
 * The rates for which Σ (flops/F + bytes/B − seconds)² / seconds² is least, neither below zero: every
 * call weighs alike, small or large.
 */
export function fitRate(calls: readonly TimedCall[]): Rate {
  const [both, ...single] = [solve(calls, 1, 1), solve(calls, 1, 0), solve(calls, 0, 1)];
  const candidates = both.flops > 0 && both.bytes > 0 ? [both] : single;
  const errorOf = (rate: Rate): number =>
    calls.reduce((sum, { flops, bytes, seconds }) => {
      const told =
        (rate.flops > 0 ? flops / rate.flops : 0) + (rate.bytes > 0 ? bytes / rate.bytes : 0);
      return sum + (told / seconds - 1) ** 2;
    }, 0);
  const best = candidates.reduce((a, b) => (errorOf(b) < errorOf(a) ? b : a));
  return {
    flops: best.flops > 0 ? best.flops : Infinity,
    bytes: best.bytes > 0 ? best.bytes : Infinity,
  };
}

/** Least squares with the terms that are wanted; a rate of 0 says that its term is not used. */
function solve(calls: readonly TimedCall[], useFlops: 0 | 1, useBytes: 0 | 1): Rate {
  let [ff, fb, bb, f1, b1] = [0, 0, 0, 0, 0];
  for (const { flops, bytes, seconds } of calls) {
    const [f, b] = [(useFlops * flops) / seconds, (useBytes * bytes) / seconds];
    [ff, fb, bb, f1, b1] = [ff + f * f, fb + f * b, bb + b * b, f1 + f, b1 + b];
  }
  if (useFlops === 0) return { flops: 0, bytes: bb / b1 };
  if (useBytes === 0) return { flops: f1 === 0 ? 0 : ff / f1, bytes: 0 };
  const determinant = ff * bb - fb * fb;
  return {
    flops: determinant / (f1 * bb - b1 * fb),
    bytes: determinant / (b1 * ff - f1 * fb),
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
