#!/usr/bin/env node
// `npm start`: sets up what is missing, then attacks 200 images of Fashion-MNIST and leaves a contact
// sheet and the results in deepfool-out/. With arguments, those go to the command line instead:
// `npm start -- info examples/lenet-fashion-mnist.onnx`.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './setup/context.mjs';
import { setUpDataset } from './setup/dataset.mjs';
import { setUp } from './setup.mjs';

function exampleRun() {
  const out = path.join(ROOT, 'deepfool-out');
  fs.mkdirSync(out, { recursive: true });
  return [
    'attack',
    path.join(ROOT, 'examples/lenet-fashion-mnist.onnx'),
    ...['--data', setUpDataset()],
    ...['--range', '0:200'],
    ...['--class-names', path.join(ROOT, 'examples/fashion-mnist-classes.txt')],
    ...['--contact-sheet', path.join(out, 'contact-sheet.png')],
    ...['--out', path.join(out, 'results.ndjson')],
  ];
}

const given = process.argv.slice(2);
setUp(given.length > 0 ? ['packages', 'native', 'vulkan', 'build'] : undefined);
const main = path.join(ROOT, 'dist/cli/main.js');
const args = given.length > 0 ? given : exampleRun();
const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself; this process waits for it to clean up.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (status, signal) => {
  process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1);
});
