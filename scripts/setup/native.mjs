// The native addon: a compiler, cmake and the image libraries, found or fetched, then cmake-js.
// Root of a Debian machine gets them from apt; everybody else, and an install as somebody's
// dependency, from a private prefix in which a compiler runs with its own sysroot.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import {
  BUILD,
  fingerprint,
  hasCommand,
  isDependency,
  isRoot,
  lastLines,
  log,
  readAnswer,
  ROOT,
  run,
  SetupError,
  writeAnswer,
} from './context.mjs';
import { debianCodename, debianPrefix, installPackages, systemTitle, TRIPLE } from './debian.mjs';

const ADDON = path.join(BUILD, 'native/Release/deepfool_image.node');
const ANSWER = 'native.json';
const INPUTS = ['src-native', 'CMakeLists.txt', 'package.json'];
const LIBRARIES = ['libjpeg', 'spng', 'libwebp', 'libwebpdemux', 'libdeflate']; // as pkg-config calls them
const PACKAGES = [
  'g++',
  'cmake',
  'ninja-build',
  'pkg-config',
  'libjpeg62-turbo-dev',
  'libspng-dev',
  'libwebp-dev',
  'libdeflate-dev',
  'zlib1g-dev',
];
// What a compiler needs of the base system, with the versions that the headers belong to.
const SYSROOT = ['libc6', 'libgcc-s1', 'libstdc++6', 'zlib1g'];

/** What this machine lacks for the build, by the names its package manager is asked for. */
function missingTools() {
  const missing = [];
  if (!hasCommand('c++')) missing.push('a C++17 compiler (c++)');
  if (!hasCommand('cmake')) missing.push('cmake');
  if (!hasCommand('ninja') && !hasCommand('make')) missing.push('ninja');
  if (!hasCommand('pkg-config')) return [...missing, 'pkg-config', ...LIBRARIES];
  for (const library of LIBRARIES) {
    if (run('pkg-config', ['--exists', library]).status !== 0) missing.push(library);
  }
  return missing;
}

function noTools(missing) {
  return new SetupError(
    `the native addon cannot be built on ${systemTitle}; missing: ${missing.join(', ')}\n` +
      '  install them and run `npm run build:native`:\n' +
      '  Ubuntu: g++ cmake ninja-build pkg-config libjpeg-turbo8-dev libspng-dev libwebp-dev libdeflate-dev\n' +
      '  Fedora: gcc-c++ cmake ninja-build pkgconf libjpeg-turbo-devel libspng-devel libwebp-devel libdeflate-devel\n' +
      '  Arch: gcc cmake ninja pkgconf libjpeg-turbo libspng libwebp libdeflate\n' +
      '  macOS: xcode-select --install; brew install cmake ninja pkg-config jpeg-turbo libspng webp libdeflate',
  );
}

/** A compiler, cmake and libraries in a private prefix: the environment that makes them work. */
function privateTools() {
  const prefix = debianPrefix('native', { packages: PACKAGES, alone: SYSROOT });
  const libraries = `${prefix}/usr/lib/${TRIPLE}`;
  const shims = path.join(prefix, 'shim');
  fs.mkdirSync(shims, { recursive: true });
  for (const [name, compiler] of [
    ['cc', 'gcc'],
    ['c++', 'g++'],
  ]) {
    const text = `#!/bin/sh\nexec ${prefix}/usr/bin/${compiler} --sysroot=${prefix} "$@"\n`;
    fs.writeFileSync(path.join(shims, name), text, { mode: 0o755 });
  }
  return {
    prefix,
    args: [`--CDCMAKE_BUILD_RPATH=${libraries}`],
    env: {
      PATH: `${shims}:${prefix}/usr/bin:${process.env.PATH}`,
      CC: `${shims}/cc`,
      CXX: `${shims}/c++`,
      LD_LIBRARY_PATH: `${libraries}:${prefix}/lib/${TRIPLE}`,
      PKG_CONFIG_SYSROOT_DIR: prefix,
      PKG_CONFIG_LIBDIR: `${libraries}/pkgconfig:${prefix}/usr/share/pkgconfig`,
    },
  };
}

export function findTools() {
  const missing = missingTools();
  if (missing.length === 0) return { prefix: null, args: [], env: {} };
  if (!debianCodename) throw noTools(missing);
  if (isRoot && !isDependency) {
    if (installPackages(PACKAGES)) return { prefix: null, args: [], env: {} };
    log('taking a private copy instead');
  }
  return privateTools();
}

function cmakeJs() {
  const require = createRequire(path.join(ROOT, 'package.json'));
  try {
    return path.join(path.dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js');
  } catch {
    throw new SetupError('cmake-js is not installed; run `npm ci` first');
  }
}

/** Builds build/native/Release/deepfool_image.node when it is older than its sources. */
export function setUpNative({ again = false } = {}) {
  const key = fingerprint(INPUTS);
  const kept = readAnswer(ANSWER);
  const libraries = kept?.prefix ?? '/';
  if (!again && kept?.key === key && fs.existsSync(ADDON) && fs.existsSync(libraries)) return;
  const { prefix, args, env } = findTools();
  // CMake remembers the compiler of the last build; another one needs a fresh folder.
  if (kept?.prefix !== prefix)
    fs.rmSync(path.join(BUILD, 'native'), { recursive: true, force: true });
  log('cmake-js compile');
  const result = run(process.execPath, [cmakeJs(), 'compile', '--out', 'build/native', ...args], {
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) {
    throw new SetupError(`the native addon does not compile:\n${lastLines(result, 40)}`);
  }
  writeAnswer(ANSWER, { key, prefix });
}
