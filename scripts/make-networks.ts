// Writes networks of every family with random weights at full size, to measure memory and time:
// `node --import ./scripts/typescript.mjs scripts/make-networks.ts OUTDIR [FAMILY …]`.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildNetwork, familyNames, type FamilyName } from '../test/networks/families.ts';

const [folder, ...asked] = process.argv.slice(2);
const unknown = asked.filter((name) => !familyNames.includes(name as FamilyName));
if (folder === undefined || unknown.length > 0) {
  const wrong = unknown.length > 0 ? `no family is called ${unknown.join(', ')}\n` : '';
  console.error(`${wrong}usage: make-networks.ts OUTDIR [FAMILY …]\n  ${familyNames.join(' ')}`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const name of asked.length > 0 ? (asked as FamilyName[]) : familyNames) {
  const { bytes } = buildNetwork(name, 'full');
  const file = path.join(folder, `${name}.onnx`);
  writeFileSync(file, bytes);
  console.log(`${file}  ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
}
