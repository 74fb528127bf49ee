// `npm run ops-table`: writes OPS.md from the registries and the recorded conformance run.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatOpsTable } from '../test/conformance/ops-table.ts';
import { readRecord } from '../test/conformance/record.ts';

const file = path.join(import.meta.dirname, '../OPS.md');
writeFileSync(file, await formatOpsTable(readRecord(), file));
