// Writes what a run did, when, as a trace that chrome://tracing and Perfetto open (the JSON array form
// of Chrome's trace event format). Events are written as they come: memory stays small however long
// the run. Gaps between kernels are events too, on a row of their own.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, OutputError } from '../core/errors.ts';
import type { Tracer, Track } from '../core/tracer.ts';

const BUFFER_LENGTH = 1 << 16;
/** Rows of the trace from top to bottom. */
const ROWS: readonly (Track | 'idle')[] = [
  'kernels',
  'idle',
  'encoding',
  'uploads',
  'reads',
  'loader',
];
/** Tracks whose spans may overlap each other: drawn by begin and end, not by length. */
const OVERLAPPING: ReadonlySet<string> = new Set<Track>(['reads', 'loader']);
/** A gap between kernels that is worth a row entry, in milliseconds. */
const IDLE = 0.02;

type Event = Readonly<Record<string, unknown>>;

export class TraceWriter implements Tracer {
  readonly path: string;
  /** What a reader has to know. */
  readonly notes: string[] = [];
  readonly #file: number;
  readonly #temporary: string;
  #buffer = '';
  #open = true;
  #spans = 0;
  #kernelsEnd: number | null = null;

  /** @throws OutputError when nothing can be written there. */
  constructor(path: string) {
    this.path = path;
    this.#temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
    this.#file = this.#guard(() => openSync(this.#temporary, 'wx'));
    this.#write('[', { name: 'process_name', ph: 'M', pid: 1, args: { name: 'deepfool' } });
    for (const [row, name] of ROWS.entries()) {
      this.#event({ name: 'thread_name', ph: 'M', tid: row, args: { name } });
      this.#event({ name: 'thread_sort_index', ph: 'M', tid: row, args: { sort_index: row } });
    }
  }

  span(
    track: Track,
    name: string,
    start: number,
    end: number,
    facts: Readonly<Record<string, string | number>> = {},
  ): void {
    if (!this.#open) return;
    if (track === 'kernels') this.#idleBefore(start, end);
    const tid = ROWS.indexOf(track);
    const id = this.#spans++;
    if (OVERLAPPING.has(track)) {
      this.#event({ name, cat: track, ph: 'b', id, tid, ts: micros(start), args: facts });
      this.#event({ name, cat: track, ph: 'e', id, tid, ts: micros(end) });
    } else {
      const dur = micros(end - start);
      this.#event({ name, cat: track, ph: 'X', tid, ts: micros(start), dur, args: facts });
    }
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Ends the trace and gives the file its name. @throws OutputError. */
  commit(): void {
    this.#guard(() => {
      this.#flush('\n]\n');
      this.#close();
      renameSync(this.#temporary, this.path);
    });
  }

  /** Leaves no file; after `commit` it does nothing. */
  discard(): void {
    if (!this.#open) return;
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #idleBefore(start: number, end: number): void {
    const since = this.#kernelsEnd;
    if (since !== null && start - since > IDLE) {
      const [ts, tid] = [micros(since), ROWS.indexOf('idle')];
      this.#event({ name: 'idle', cat: 'idle', ph: 'X', tid, ts, dur: micros(start - since) });
    }
    this.#kernelsEnd = Math.max(since ?? end, end);
  }

  #event(event: Event): void {
    this.#write(',\n', { pid: 1, ...event });
  }

  #write(before: string, event: Event): void {
    this.#buffer += before + JSON.stringify(event);
    if (this.#buffer.length < BUFFER_LENGTH) return;
    this.#guard(() => {
      this.#flush();
    });
  }

  #flush(ending = ''): void {
    writeSync(this.#file, this.#buffer + ending);
    this.#buffer = '';
  }

  #close(): void {
    this.#open = false;
    closeSync(this.#file);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new OutputError(`${this.path}: the trace cannot be written: ${messageOf(error)}`);
    }
  }
}

/** Microseconds to the nanosecond, so that ends of one span and begins of the next compare well. */
const micros = (milliseconds: number): number => Math.round(milliseconds * 1e6) / 1e3;
