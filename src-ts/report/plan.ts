// The plan of one attack step: as `deepfool info --plan --json` prints it, and the same for people.
import { count, formatBytes, formatNumber } from './numbers.ts';
import { formatTable } from './table.ts';

/** All calls of one kernel and variant. */
export interface PlannedKernel {
  readonly kernel: string;
  readonly variant: Readonly<Record<string, number | boolean>>;
  readonly calls: number;
  readonly workgroups: number;
  /** Floating-point operations; a multiplication with addition is two. */
  readonly flops: number;
  /** Bytes that must be read or written, each once a call. */
  readonly bytes: number;
}

export interface StepPlan {
  readonly device: string;
  /** Name and hash of the table that kernel variants come from. */
  readonly tuning: string;
  /** Images in a step. */
  readonly batch: number;
  readonly candidates: number | 'all';
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
  readonly kernels: readonly PlannedKernel[];
  /** In the order in which they run. */
  readonly calls: readonly (Omit<PlannedKernel, 'calls'> & { readonly label: string })[];
  readonly buffers: readonly {
    readonly name: string;
    readonly kind: 'constant' | 'packed' | 'port' | 'slot';
    readonly bytes: number;
  }[];
  /** Bytes of device memory: all buffers, the least any plan needs, and weights before packing. */
  readonly memory: {
    readonly planned: number;
    readonly bound: number;
    readonly while_compiling: number;
  };
}

/** Kernels, buffers and memory, a table each. */
export function formatPlan(plan: StepPlan): string {
  const { device, tuning, batch, candidates, dispatches, flops, bytes } = plan;
  const title = `One step of ${count(batch, 'image')}, ${candidates} candidates each, on ${device}, tuning ${tuning}`;
  const totals = `${count(dispatches, 'dispatch', 'dispatches')}, ${giga(flops)} GFLOP, ${formatBytes(bytes)} moved`;
  return `${title}\n  ${totals}\n\n${kernelTable(plan)}\n\n${bufferTable(plan)}\n\n${memoryLine(plan)}\n`;
}

const giga = (flops: number): string => formatNumber(flops / 1e9, 3);

function kernelTable({ kernels, flops }: StepPlan): string {
  const rows = kernels.map((each) => [
    `  ${each.kernel}${formatVariant(each.variant)}`,
    String(each.calls),
    each.workgroups.toLocaleString('en'),
    giga(each.flops),
    `${((100 * each.flops) / flops).toFixed(1)} %`,
    formatBytes(each.bytes),
  ]);
  return formatTable([['  kernel', 'calls', 'workgroups', 'GFLOP', 'share', 'moved'], ...rows]);
}

function formatVariant(variant: PlannedKernel['variant']): string {
  const choices = Object.entries(variant).map(([name, value]) => `${name}=${value}`);
  return choices.length === 0 ? '' : `<${choices.join(',')}>`;
}

/** Weights in one line each kind, since there are many; inputs, outputs and slots one by one. */
function bufferTable({ buffers }: StepPlan): string {
  const weights = (['constant', 'packed'] as const).flatMap((kind) => {
    const all = buffers.filter((each) => each.kind === kind);
    const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    const name = `${kind === 'constant' ? 'constants' : 'packed weights'} × ${all.length}`;
    return all.length === 0 ? [] : [[`  ${name}`, formatBytes(bytes)]];
  });
  const others = buffers.flatMap(({ name, kind, bytes }) =>
    kind === 'port' || kind === 'slot' ? [[`  ${name}`, formatBytes(bytes)]] : [],
  );
  return formatTable([['  buffer', 'size'], ...weights, ...others]);
}

function memoryLine({ memory: { planned, bound, while_compiling: extra } }: StepPlan): string {
  const ratio = formatNumber(planned / bound, 3);
  const meanwhile = extra === 0 ? '' : `, ${formatBytes(extra)} more while it is compiled`;
  return (
    `  memory: ${formatBytes(planned)} at most${meanwhile}\n` +
    `  values alive at one time: ${formatBytes(bound)}; the plan needs ${ratio} times that`
  );
}
