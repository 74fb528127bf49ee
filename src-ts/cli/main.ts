#!/usr/bin/env node
// The `deepfool` command. It ends the process itself: a device that is still busy would keep it alive.
import { runCommandLine } from './program.ts';
import { standardTerminal } from './terminal.ts';

process.exit(await runCommandLine(process.argv.slice(2), standardTerminal));
