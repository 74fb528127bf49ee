// Traces as files: the events of Chrome's trace format, gaps between kernels, and no half-written file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OutputError } from '../../src-ts/core/errors.ts';
import { TraceWriter } from '../../src-ts/report/trace-writer.ts';
import { temporaryFolder } from '../data/fixtures.ts';

const folder = temporaryFolder();

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly tid: number;
  readonly args?: Record<string, unknown>;
}

const read = (path: string): Event[] => JSON.parse(readFileSync(path, 'utf8')) as Event[];

it('spans become events in microseconds, gaps between kernels events of their own', () => {
  const path = join(folder.path, 'spans.json');
  const trace = new TraceWriter(path);
  trace.span('kernels', 'conv', 1, 3, { node: 'conv1' });
  trace.span('kernels', 'relu', 3.01, 4);
  trace.span('kernels', 'copy', 6, 6.5);
  trace.commit();
  const events = read(path).filter(({ ph }) => ph !== 'M');
  expect(events).toMatchObject([
    { name: 'conv', cat: 'kernels', ph: 'X', ts: 1000, dur: 2000, args: { node: 'conv1' } },
    { name: 'relu', ts: 3010, dur: 990 },
    { name: 'idle', cat: 'idle', ph: 'X', ts: 4000, dur: 2000 },
    { name: 'copy', ts: 6000, dur: 500 },
  ]);
  expect(events[2]!.tid).not.toBe(events[3]!.tid);
});

it('spans that may overlap are pairs with an id of their own', () => {
  const path = join(folder.path, 'pairs.json');
  const trace = new TraceWriter(path);
  trace.span('loader', 'image 0', 0, 5);
  trace.span('loader', 'image 1', 1, 3);
  trace.commit();
  const events = read(path).filter(({ ph }) => ph !== 'M');
  expect(events.map(({ ph, ts }) => [ph, ts])).toEqual([
    ['b', 0],
    ['e', 5000],
    ['b', 1000],
    ['e', 3000],
  ]);
  expect(events[0]!.id).toBe(events[1]!.id);
  expect(events[2]!.id).not.toBe(events[0]!.id);
});

it('is written as it comes, so that memory stays small', () => {
  const path = join(folder.path, 'long.json');
  const trace = new TraceWriter(path);
  const before = process.memoryUsage().heapUsed;
  for (let k = 0; k < 40_000; k++) trace.span('kernels', 'conv', k, k + 0.5, { node: 'conv1' });
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30e6);
  trace.commit();
  expect(readFileSync(path, 'utf8').length).toBeGreaterThan(4e6);
});

it('leaves no file when it is discarded, and takes nothing after its end', () => {
  const path = join(folder.path, 'none.json');
  const trace = new TraceWriter(path);
  trace.span('uploads', 'x0', 0, 1);
  trace.discard();
  trace.span('uploads', 'x0', 0, 1);
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('says which file cannot be written', () => {
  const path = join(folder.path, 'missing', 'trace.json');
  expect(() => new TraceWriter(path)).toThrow(OutputError);
  expect(() => new TraceWriter(path)).toThrow(`${path}: the trace cannot be written`);
});
