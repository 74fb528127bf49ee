import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OptionError, OutputError } from '../../src-ts/core/errors.ts';
import { guard } from '../../src-ts/data/output-file.ts';
import { ResultWriter } from '../../src-ts/report/result-writer.ts';
import { temporaryFolder } from '../data/fixtures.ts';
import { row, unfooled } from './rows.ts';

const folder = temporaryFolder();

it('writes one JSON object a line', async () => {
  const path = join(folder.path, 'a.ndjson');
  const writer = await ResultWriter.open(path);
  await writer.write(row(0, { rho: Math.fround(0.1) }));
  await writer.write(unfooled(1, 'failed'));
  await writer.commit();
  expect(readFileSync(path, 'utf8')).toBe(
    '{"index":0,"source":"image 0","label":1,"predicted":1,"adversarial":2,"status":"fooled",' +
      '"steps":3,"products":27,"rho":0.1,"min":0,"max":1,"error":null}\n' +
      '{"index":1,"source":"image 1","label":1,"predicted":1,"adversarial":null,"status":"failed",' +
      '"steps":3,"products":27,"rho":null,"min":null,"max":null,"error":"JPEG is truncated"}\n',
  );
});

it('writes CSV with a header, quotes where needed and empty cells for null', async () => {
  const path = join(folder.path, 'a.csv');
  const writer = await ResultWriter.open(path);
  await writer.write(row(0, { source: 'a, "b".png' }));
  await writer.write(unfooled(1, 'exhausted'));
  await writer.commit();
  expect(readFileSync(path, 'utf8')).toBe(
    'index,source,label,predicted,adversarial,status,steps,products,rho,min,max,error\n' +
      '0,"a, ""b"".png",1,1,2,fooled,3,27,0.25,0,1,\n' +
      '1,image 1,1,1,,exhausted,3,27,,,,\n',
  );
});

it('leaves the earlier file in place until the new one is whole', async () => {
  const path = join(folder.path, 'old.csv');
  writeFileSync(path, 'old');
  const writer = await ResultWriter.open(path);
  await writer.write(row(0));
  expect(readFileSync(path, 'utf8')).toBe('old');
  await writer.commit();
  expect(readFileSync(path, 'utf8')).toContain('image 0');
});

it('keeps what a failed run had under another name', async () => {
  const path = join(folder.path, 'run.ndjson');
  const writer = await ResultWriter.open(path);
  await writer.write(row(0));
  expect(await writer.salvage()).toBe(join(folder.path, 'run.partial.ndjson'));
  expect(existsSync(path)).toBe(false);
  expect(readFileSync(join(folder.path, 'run.partial.ndjson'), 'utf8')).toContain('image 0');
});

it('leaves nothing behind when there was nothing to keep', async () => {
  const before = readdirSync(folder.path);
  const writer = await ResultWriter.open(join(folder.path, 'none.csv'));
  expect(await writer.salvage()).toBeNull();
  expect(readdirSync(folder.path)).toEqual(before);
});

it('refuses other endings, naming those it knows', async () => {
  const refusal = ResultWriter.open(join(folder.path, 'a.parquet'));
  await expect(refusal).rejects.toThrow(OptionError);
  await expect(refusal).rejects.toThrow('ending in .ndjson (or .jsonl) or .csv');
});

it('says why a file cannot be written', async () => {
  const missing = join(folder.path, 'missing', 'a.csv');
  await expect(ResultWriter.open(missing)).rejects.toThrow(
    new OutputError(`${missing}: cannot be written: its folder does not exist`),
  );
  const full = guard('a.csv', () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })));
  await expect(full).rejects.toThrow('a.csv: cannot be written: the disk is full');
});
