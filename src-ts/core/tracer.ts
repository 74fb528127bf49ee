// Who is told when things happen. Times are milliseconds, as `performance.now()` counts them.

/** What a span is about: work on the device, transfers, the host's part, images being read. */
export type Track = 'kernels' | 'uploads' | 'reads' | 'encoding' | 'loader';

export interface Tracer {
  readonly span: (
    track: Track,
    name: string,
    start: number,
    end: number,
    facts?: Readonly<Record<string, string | number>>,
  ) => void;
  /** What a reader of the trace has to know. */
  readonly note: (text: string) => void;
}

/** Runs something and tells the tracer, if there is one, how long it took. */
export function traceSync<T>(
  tracer: Tracer | null,
  track: Track,
  name: string,
  work: () => T,
  facts?: Readonly<Record<string, string | number>>,
): T {
  if (tracer === null) return work();
  const start = performance.now();
  const result = work();
  tracer.span(track, name, start, performance.now(), facts);
  return result;
}

/** The same for something that takes its time. */
export async function traceAsync<T>(
  tracer: Tracer | null,
  track: Track,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === null) return work();
  const start = performance.now();
  const result = await work();
  tracer.span(track, name, start, performance.now());
  return result;
}
