// `deepfool devices`: what attacks can run on here, and which of it `auto` takes.
import { Command } from 'commander';
import { describeDriverSearch, listDevices, openDevice } from '../api/device.ts';
import { messageOf } from '../core/errors.ts';
import type { DeviceInfo } from '../executor/executor.ts';
import type { Terminal } from './terminal.ts';

export function devicesCommand(terminal: Terminal, finish: (status: number) => void): Command {
  return new Command('devices')
    .description('List the devices found here and the one that --device auto takes.')
    .option('--json', 'print one JSON object')
    .option('--debug', 'print the stack of an error')
    .action(async ({ json = false }: { json?: boolean }) => {
      const devices = await listDevices();
      const reason = devices.length === 0 ? await whyNone() : null;
      if (json) terminal.out(`${JSON.stringify(asJson(devices, reason))}\n`);
      else if (reason === null) terminal.out(formatDevices(devices));
      if (reason !== null) terminal.err(`deepfool: ${reason}\n`);
      finish(devices.length === 0 ? 1 : 0);
    });
}

function asJson(devices: readonly DeviceInfo[], reason: string | null) {
  const listed = devices.map((device, at) => ({ ...device, auto: at === 0 }));
  return { devices: listed, auto: devices[0]?.name ?? null, reason };
}

/** Lists devices, the one that `auto` takes first. */
export function formatDevices(devices: readonly DeviceInfo[]): string {
  const lines = devices.flatMap(({ name, backend, software, vendor, description }, at) => [
    `${at === 0 ? '*' : ' '} ${name}`,
    `    ${[backend, software ? 'software, on the processor' : 'GPU', vendor, description]
      .filter((text) => text !== '' && text !== name)
      .join(', ')}`,
  ]);
  return `${lines.join('\n')}\n\n* is what --device auto takes\n`;
}

async function whyNone(): Promise<string> {
  const search = describeDriverSearch().map((line) => `\n    ${line}`);
  const looked = search.length === 0 ? '' : `\n  looked for Vulkan drivers in${search.join('')}`;
  try {
    (await openDevice()).dispose();
    return `no device was found${looked}`;
  } catch (error) {
    return messageOf(error) + looked;
  }
}
