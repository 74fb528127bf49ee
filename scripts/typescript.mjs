// Lets Node 20 run this project's TypeScript from its sources, as benches do:
// `node --import ./scripts/typescript.mjs bench/matmul.bench.ts`. Types are stripped file by file;
// checking them is `npm run check`.

import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
