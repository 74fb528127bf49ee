import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { formatOpsTable } from './ops-table.ts';
import { readRecord } from './record.ts';

const file = path.join(import.meta.dirname, '../../OPS.md');

it('OPS.md is current: `npm run ops-table` writes it', async () => {
  expect(readFileSync(file, 'utf8')).toBe(await formatOpsTable(readRecord(), file));
});
