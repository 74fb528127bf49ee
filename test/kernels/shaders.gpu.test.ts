// Every shader compiles as it stands, with its defaults, directives unprocessed: what an editor sees.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebGpuDevice } from '../../src-ts/executor/webgpu/device.ts';
import { readShader } from '../../src-ts/kernels/wgsl.ts';

const SHADERS = join(import.meta.dirname, '../../shaders');
const files = readdirSync(SHADERS, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.wgsl'),
);
const entries = files.filter((file) => readShader(file).includes('@compute'));
const needsSubgroups = (file: string): boolean => readShader(file).includes('enable subgroups');

let device: WebGpuDevice;
beforeAll(async () => {
  device = await WebGpuDevice.open();
});
afterAll(() => {
  device.dispose();
});

describe('every shader compiles with its defaults', () => {
  it.each(entries)('%s', async (file) => {
    // An adapter without subgroups is never given these.
    if (needsSubgroups(file) && !device.handle.features.has('subgroups')) return;
    device.handle.pushErrorScope('validation');
    const module = device.handle.createShaderModule({ label: file, code: readShader(file) });
    const refused = device.handle.popErrorScope();
    const { messages } = await device.wait(module.getCompilationInfo());
    const errors = messages.filter(({ type }) => type === 'error');
    expect(errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`)).toEqual([]);
    expect((await device.wait(refused))?.message).toBeUndefined();
  });

  it('a broken one does not', async () => {
    const code = `${readShader('movement/fill.wgsl')}\nfn broken() -> u32 { return 1.5; }`;
    device.handle.pushErrorScope('validation');
    const module = device.handle.createShaderModule({ code });
    const refused = device.handle.popErrorScope();
    const { messages } = await device.wait(module.getCompilationInfo());
    expect(messages.some(({ type }) => type === 'error')).toBe(true);
    expect(await device.wait(refused)).not.toBeNull();
  });
});
