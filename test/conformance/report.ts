// Results of a run as text: a row for each operator, what was refused and why, and each failure.
import type { CaseResult, Outcome, Status } from './run-case.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
}

/** The outcome of a case on all machines it ran on: its worst one. */
export function overall({ reference, device }: CaseResult): Status {
  const found = [reference, device].flatMap((outcome) =>
    outcome === null ? [] : [outcome.status],
  );
  if (found.includes('failed')) return 'failed';
  if (found.includes('unsupported')) return 'unsupported';
  return found.includes('passed') ? 'passed' : 'skipped';
}

export function tallyOf(results: readonly CaseResult[]): Tally {
  const count = (status: Status): number =>
    results.filter((result) => overall(result) === status).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    unsupported: count('unsupported'),
  };
}

/** What a case is a test of: its operator, or the operator whose definition it spells out. */
export function subjectsOf(results: readonly CaseResult[]): Map<string, CaseResult[]> {
  const byName = new Map(results.map((result) => [result.name, result]));
  const groups = new Map<string, CaseResult[]>();
  for (const result of results) {
    const short = result.name.replace(/_expanded(_ver\d+)?$/, '');
    const { operators } = byName.get(short) ?? result;
    const single = operators.length === 1 ? operators[0]! : null;
    const subject = single ?? (operators.length > 4 ? 'whole networks' : operators.join(' + '));
    groups.set(subject, [...(groups.get(subject) ?? []), result]);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function formatReport(results: readonly CaseResult[]): string {
  const rows = [...subjectsOf(results)].map(([subject, cases]) => [subject, ...cells(cases)]);
  const all = ['all', ...cells(results)];
  const table = formatTable(['operator', 'passed', 'failed', 'unsupported'], [...rows, all]);
  const sections = [
    table,
    listed('unsupported', results, ({ reference, device }) => reasonsOf(reference, device)),
    listed('skipped', results, ({ reference, device }) => reasonsOf(reference, device), 'skipped'),
    listed('failed', results, ({ reference, device }) => reasonsOf(reference, device)),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function cells(cases: readonly CaseResult[]): string[] {
  const { passed, failed, unsupported } = tallyOf(cases);
  return [passed, failed, unsupported].map((count) => (count === 0 ? '·' : String(count)));
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ');
  return [head, ...rows].map(line).join('\n');
}

function reasonsOf(reference: Outcome | null, device: Outcome | null): string {
  const told = [
    ...(reference === null || reference.reason === '' ? [] : [`reference: ${reference.reason}`]),
    ...(device === null || device.reason === '' ? [] : [`device: ${device.reason}`]),
  ];
  if (reference !== null && reference.reason === device?.reason) return reference.reason;
  return told.join('; ');
}

/** The cases of one status; with `outcome`, those of which one machine has it. */
function listed(
  status: Status,
  results: readonly CaseResult[],
  reason: (result: CaseResult) => string,
  outcome?: Status,
): string {
  const found = results.filter((result) =>
    outcome === undefined
      ? overall(result) === status
      : [result.reference, result.device].some((each) => each?.status === outcome),
  );
  if (found.length === 0) return '';
  const lines = found.map((result) => `  ${result.suite}/${result.name}: ${reason(result)}`);
  return [`${status}:`, ...lines].join('\n');
}
