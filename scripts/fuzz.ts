// `npm run fuzz -- --minutes N [--seed S] [--cases N] [--workers N] [--replay FILE]`: damages model files
// in ever new ways and imports them. Whatever is neither read nor refused with a typed error within 5
// seconds is saved under build/fuzz, from where --replay runs it again. Exits with 1 if there was any.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findSeeds } from '../test/fuzz/corpus.ts';
import { fuzz, type Finding } from '../test/fuzz/fuzz.ts';
import { makeCase } from '../test/fuzz/fuzz-case.ts';
import { holdCase } from '../test/fuzz/held-case.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    cases: { type: 'string' },
    first: { type: 'string', default: '0' },
    workers: { type: 'string', default: '2' },
    replay: { type: 'string' },
  },
});

const SAVED = path.join(import.meta.dirname, '../build/fuzz');
const seed = Number(options.seed ?? Date.now() % 2 ** 31);
const until = options.minutes === undefined ? Infinity : Date.now() + Number(options.minutes) * 6e4;
const wanted = options.cases ?? (options.minutes === undefined ? '10000' : 'Infinity');
const cases = options.replay === undefined ? Number(wanted) : 1;
const seen = new Map<string, number>();

/** Where an error comes from; findings of one place are one bug. */
const placeOf = ({ kind, told }: Finding): string =>
  kind === 'untyped error' ? told.split('\n').slice(0, 2).join('\n').replace(/\d+/g, '#') : kind;

function report(finding: Finding): void {
  const place = placeOf(finding);
  const times = (seen.get(place) ?? 0) + 1;
  seen.set(place, times);
  if (times > (finding.kind === 'untyped error' ? 1 : 5)) return;
  process.stdout.write(
    `\n${finding.kind} in case ${finding.index} of seed ${seed}\n${finding.told}\n`,
  );
  if (options.replay !== undefined) return;
  mkdirSync(SAVED, { recursive: true });
  const held = holdCase(makeCase(findSeeds(), seed, finding.index), {
    seed,
    index: finding.index,
    found: finding.told,
  });
  const file = path.join(SAVED, `${seed}-${finding.index}.json`);
  writeFileSync(file, JSON.stringify(held));
  process.stdout.write(`saved as ${path.relative(process.cwd(), file)}\n`);
}

const start = Date.now();
const result = await fuzz({
  seed,
  cases,
  until,
  first: Number(options.first),
  workers: options.replay === undefined ? Number(options.workers) : 1,
  ...(options.replay === undefined ? {} : { file: path.resolve(options.replay) }),
  onFinding: report,
  onProgress: (done) => {
    if (process.stderr.isTTY && done % 20 === 0) process.stderr.write(`\r${done} cases`);
  },
});
const seconds = Math.round((Date.now() - start) / 1000);
const { slowest, findings } = result;
process.stdout.write(
  `seed ${seed}: ${result.cases} cases in ${seconds} s, ${result.imported} imported, ` +
    `${findings.length} findings in ${seen.size} places; ` +
    `at most ${result.peakMemory} MiB, slowest ${slowest.seconds.toFixed(1)} s (case ${slowest.index})\n`,
);
process.exit(findings.length === 0 ? 0 : 1);
