// Debian packages without root and without touching the system: apt resolves and verifies them in a
// folder of its own, dpkg-deb unpacks them into a prefix that is kept in the cache and keyed by what
// it holds. Used for root too, wherever installing system-wide would change more than is needed; what
// only a system can hold, root installs there.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, hasCommand, lastLines, log, run, SetupError } from './context.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export const TRIPLE = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch];

function readOsRelease() {
  try {
    const text = fs.readFileSync('/etc/os-release', 'utf8');
    const field = (name) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(text)?.[1];
    return { id: field('ID'), codename: field('VERSION_CODENAME'), title: field('PRETTY_NAME') };
  } catch {
    return {}; // not a Linux distribution
  }
}

const system = readOsRelease();

export const systemTitle = system.title ?? process.platform;

/** The release's name (bookworm), or undefined where packages cannot be fetched this way. */
export const debianCodename =
  system.id === 'debian' && TRIPLE && hasCommand('apt-get') && hasCommand('dpkg-deb')
    ? system.codename
    : undefined;

/** The archives and suites of one release in what `apt-get update --print-uris` prints. */
export function parseArchives(printedUris, codename) {
  const found = new Map();
  for (const [, uri, suite] of printedUris.matchAll(/^'(\S+?)\/dists\/([^/']+)\//gm)) {
    if (suite === codename || suite.startsWith(`${codename}-`)) found.set(`${uri} ${suite}`, true);
  }
  return [...found.keys()];
}

function aptOptions(folder, ownSources) {
  for (const name of ['lists/partial', 'archives/partial', 'parts']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  }
  const options = [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${folder}/archives`,
    'Debug::NoLocking=1',
    'APT::Get::Assume-Yes=1',
    'APT::Install-Recommends=0',
    'APT::Sandbox::User=',
    'Acquire::Retries=3',
    'APT::Update::Error-Mode=any', // else an update without network succeeds
  ];
  if (ownSources) {
    options.push(
      `Dir::Etc::sourcelist=${folder}/sources.list`,
      `Dir::Etc::sourceparts=${folder}/parts`,
    );
  }
  return ['-q', ...options.flatMap((option) => ['-o', option])];
}

function writeSources(folder, extraSuite) {
  const printed = run('apt-get', [...aptOptions(folder, false), 'update', '--print-uris']).stdout;
  const archives = parseArchives(printed ?? '', debianCodename);
  const main = archives.find((archive) => archive.endsWith(` ${debianCodename}`));
  if (!main) throw new SetupError(`apt has no source for ${debianCodename} in /etc/apt`);
  const suites = new Set(archives);
  if (extraSuite) suites.add(`${main.split(' ')[0]} ${extraSuite}`);
  const signature = fs.existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  const lines = [...suites].map((archive) => `deb ${signature}${archive} main\n`);
  fs.writeFileSync(path.join(folder, 'sources.list'), lines.join(''));
}

function apt(folder, args, cwd = folder) {
  const result = run('apt-get', [...aptOptions(folder, true), ...args], { cwd });
  if (result.status === 0) return;
  throw new SetupError(
    `apt-get ${args[0]} failed, so Debian packages could not be fetched; is the network up?\n` +
      lastLines(result, 3),
  );
}

function fill(prefix, { packages, alone = [], suite }) {
  const folder = path.join(prefix, 'apt');
  const archives = path.join(folder, 'archives');
  fs.mkdirSync(archives, { recursive: true });
  writeSources(folder, suite);
  apt(folder, ['update']);
  const target = suite ? ['-t', suite] : [];
  if (packages.length > 0) apt(folder, ['install', '--download-only', ...target, ...packages]);
  if (alone.length > 0) apt(folder, ['download', ...alone], archives);
  for (const file of fs.readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const result = run('dpkg-deb', ['-x', path.join(archives, file), prefix]);
    if (result.status !== 0) throw new SetupError(`${file}: ${lastLines(result)}`);
  }
  fs.rmSync(folder, { recursive: true });
  fs.writeFileSync(path.join(prefix, '.complete'), '');
}

/**
 * The folder that holds the given packages unpacked, fetched when it is not there yet.
 * `packages` come with what they depend on and the system lacks, `alone` without. `again` fetches
 * them anew: a prefix made while the system had a library that has gone since is incomplete.
 */
export function debianPrefix(name, wanted, { again = false } = {}) {
  const facts = JSON.stringify([wanted, debianCodename, process.arch]);
  const key = createHash('sha256').update(facts).digest('hex').slice(0, 12);
  const prefix = path.join(cacheFolder(), `${name}-${key}`);
  if (again) fs.rmSync(prefix, { recursive: true, force: true });
  if (fs.existsSync(path.join(prefix, '.complete'))) return prefix;
  const names = [...wanted.packages, ...(wanted.alone ?? [])].join(' ');
  log(`fetching ${names} into ${prefix} (nothing is installed system-wide)`);
  const temporary = `${prefix}.${process.pid}.tmp`;
  try {
    fill(temporary, wanted);
    if (!fs.existsSync(path.join(prefix, '.complete'))) fs.renameSync(temporary, prefix);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return prefix;
}

/** Installs packages into the system, as root; says why when that fails, and gives back whether it worked. */
export function installPackages(packages) {
  log(`apt-get install ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  const install = () => run('apt-get', [...options, 'install', ...packages], { env });
  let result = install();
  if (result.status !== 0) {
    run('apt-get', ['-qq', 'update'], { env });
    result = install();
  }
  if (result.status === 0) return true;
  log(`apt-get install failed:\n${lastLines(result, 3)}`);
  return false;
}
