// The command line as a function from arguments to an exit status: 0 done, 1 the work failed, 2 the
// command was wrong, 130 interrupted.
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../api/version.ts';
import { EngineError, messageOf, OptionError } from '../core/errors.ts';
import { attackCommand } from './attack.ts';
import { experimentCommand } from './experiment.ts';
import { devicesCommand } from './devices.ts';
import { finetuneCommand } from './finetune.ts';
import { infoCommand } from './info.ts';
import { reportCommand } from './report.ts';
import { trainCommand } from './train.ts';
import { tuneCommand } from './tune.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command. `args` are those after the name of the program. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const finish = (code: number): void => {
    status = code;
  };
  const program = buildProgram(terminal, finish);
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    // Commander has said what is wrong; asking for help or the version is nothing wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.err(`deepfool: ${formatError(error, args.includes('--debug'))}\n`);
    return error instanceof OptionError ? 2 : 1;
  }
}

function buildProgram(terminal: Terminal, finish: (status: number) => void): Command {
  const program = new Command('deepfool')
    .description('Measure how little it takes to fool an image classifier.')
    .version(packageVersion())
    .showHelpAfterError('(--help lists the options)');
  for (const make of [
    attackCommand,
    trainCommand,
    finetuneCommand,
    experimentCommand,
    reportCommand,
    devicesCommand,
    infoCommand,
    tuneCommand,
  ]) {
    program.addCommand(make(terminal, finish).copyInheritedSettings(program));
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'deepfool: '));
      },
    });
  }
  return program;
}

/** One paragraph; the stack when it was asked for. */
export function formatError(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message;
  const message = messageOf(error);
  if (error instanceof EngineError) return message;
  return `${message}\n  --debug shows where`;
}
