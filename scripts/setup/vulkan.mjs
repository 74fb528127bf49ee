// A Vulkan driver that WebGPU can use, found or fetched. Tried in order: what the system has; a
// private Vulkan loader with the system's drivers (a GPU without libvulkan); private loader and
// Mesa's software driver. Each try runs in a child, since a driver may crash. The answer, kept in
// build/vulkan.json, is read by src-ts/executor/webgpu/vulkan.ts.

import fs from 'node:fs';
import path from 'node:path';
import {
  cacheFolder,
  fingerprint,
  lastLines,
  log,
  readAnswer,
  ROOT,
  run,
  SetupError,
  writeAnswer,
} from './context.mjs';
import { debianCodename, debianPrefix, systemTitle, TRIPLE } from './debian.mjs';

const ANSWER = 'vulkan.json';
const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

// Bookworm's own Mesa (22.3) is three years older than the one the engine is measured on.
const BACKPORTS = { bookworm: 'bookworm-backports' };

/** What the answer depends on: another driver or device makes the probe run again. */
function machineKey() {
  const devices = fs.existsSync('/dev/dri') ? fs.readdirSync('/dev/dri') : [];
  const icds = ICD_FOLDERS.map((folder) => path.relative(ROOT, folder));
  return fingerprint([...icds, 'node_modules/webgpu/package.json'], devices, cacheFolder());
}

/** Runs the probe in a child; gives `{ adapter, preload }` or the reason why there is none. */
function probe({ roots = [], folders = [], env = {} }) {
  const script = path.join(ROOT, 'scripts/setup/vulkan-probe.mjs');
  const result = run(process.execPath, [script, JSON.stringify({ roots, folders })], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  });
  if (result.status !== 0) return { reason: lastLines(result, 3) || `ended by ${result.signal}` };
  return { ...JSON.parse(result.stdout.trim().split('\n').pop()), env };
}

function fetchMesa(options) {
  const suite = BACKPORTS[debianCodename];
  const packages = ['mesa-vulkan-drivers', 'libvulkan1'];
  const prefix = debianPrefix('vulkan', { packages, ...(suite && { suite }) }, options);
  const folders = [`${prefix}/usr/lib/${TRIPLE}`, `${prefix}/lib/${TRIPLE}`];
  const icd = path.join(prefix, 'lavapipe.json');
  const driver = path.join(folders[0], 'libvulkan_lvp.so');
  const ICD = { api_version: '1.3.0', library_path: driver };
  fs.writeFileSync(icd, JSON.stringify({ file_format_version: '1.0.0', ICD }));
  return { folders, icd, driver, loader: path.join(folders[0], 'libvulkan.so.1') };
}

function probePrivate(options) {
  const { folders, icd, driver, loader } = fetchMesa(options);
  if (ICD_FOLDERS.some((folder) => fs.existsSync(folder))) {
    const withSystemDrivers = probe({ roots: [loader], folders });
    if (withSystemDrivers.adapter) return withSystemDrivers;
  }
  return probe({ roots: [loader, driver], folders, env: { VK_DRIVER_FILES: icd } });
}

function noDriver(reason) {
  return new SetupError(
    `no usable Vulkan driver on ${systemTitle}: ${reason}\n` +
      '  install the Vulkan loader and the driver of your GPU, or Mesa for the software driver:\n' +
      '  Ubuntu: mesa-vulkan-drivers libvulkan1 · Fedora: mesa-vulkan-drivers vulkan-loader · ' +
      'Arch: vulkan-swrast vulkan-icd-loader · macOS: none needed (Metal)',
  );
}

function findDriver() {
  const asIs = probe({});
  if (asIs.adapter) return asIs;
  if (!debianCodename) throw noDriver(asIs.reason);
  const kept = probePrivate();
  if (kept.adapter) return kept;
  const fresh = probePrivate({ again: true });
  if (fresh.adapter) return fresh;
  throw noDriver(`${asIs.reason}; with a private Mesa: ${fresh.reason}`);
}

/** Makes sure that build/vulkan.json names a driver that works here. */
export function setUpVulkan({ again = false } = {}) {
  const key = machineKey();
  const kept = readAnswer(ANSWER);
  if (!again && kept?.key === key && kept.preload.every((file) => fs.existsSync(file))) return;
  const shaderCache = path.join(cacheFolder(), 'shaders');
  fs.mkdirSync(shaderCache, { recursive: true });
  const { adapter, preload, env } = findDriver();
  writeAnswer(ANSWER, {
    key,
    adapter,
    preload,
    env: { ...env, MESA_SHADER_CACHE_DIR: shaderCache },
  });
  log(`WebGPU adapter: ${adapter}`);
}
