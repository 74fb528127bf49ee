// Runs the command line in this process and keeps what it says.
import { runCommandLine } from '../../src-ts/cli/program.ts';

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export async function run(...args: readonly string[]): Promise<Outcome> {
  const texts = { out: '', err: '' };
  const status = await runCommandLine(args, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    interactive: false,
  });
  return { status, ...texts };
}
