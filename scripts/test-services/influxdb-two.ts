import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INFLUXDB_TWO, onPath, TOOL_CACHE } from '../../server/test/support/external-tools.ts';
import type { Shell } from './shell.ts';

const INFLUXD = 'github.com/influxdata/influxdb/v2/cmd/influxd';
const INFLUXD_VERSION = 'v2.7.12';
const FLUX = 'github.com/influxdata/flux';
const FLUX_VERSION = 'v0.196.1';
const PKG_CONFIG = 'github.com/influxdata/pkg-config@v0.2.14';
const OLDEST_GO_MINOR = 22;

/** Programs of Debian that the build runs, with their packages. */
const DEBIAN_PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['clang', 'clang'],
  ['protoc', 'protobuf-compiler'],
  ['pkg-config', 'pkg-config'],
]);

export function missingDebianPackages(): readonly string[] {
  return [...DEBIAN_PROGRAMS].filter(([program]) => onPath([program]).length === 0).map(([, name]) => name);
}

/** Undefined: Go and Cargo are here. Else what is missing. */
export function missingToolchain(): string | undefined {
  const version = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout ?? '';
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < OLDEST_GO_MINOR) return `it is built with Go 1.${OLDEST_GO_MINOR} or newer, which is not on the PATH`;
  return onPath(['cargo']).length > 0 ? undefined : 'it is built with Cargo, which is not on the PATH';
}

/**
 * Builds `influxd` of InfluxDB 2 from its Go module, with the Rust part of its query language, in a folder of its own
 * below the cache folder. Of a build that failed the downloads stay there for the next one.
 */
export async function buildInfluxdbTwo(shell: Shell): Promise<void> {
  const build = join(TOOL_CACHE, 'influxdb-2-build');
  const modules = join(build, 'modules');
  const source = join(build, 'source');
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  const pkgConfig = join(build, process.platform === 'win32' ? 'pkg-config.exe' : 'pkg-config');
  const environment = {
    GOBIN: build,
    GOMODCACHE: modules,
    GOCACHE: join(build, 'objects'),
    GOFLAGS: '-modcacherw',
    PKG_CONFIG: pkgConfig,
    // instead of the version that the sources pin, which is not here
    RUSTUP_TOOLCHAIN: 'stable',
  };
  const go = (...args: readonly string[]) => shell.run('go', args, { folder: source, environment });
  await go('install', PKG_CONFIG);
  writeFileSync(join(source, 'go.mod'), 'module influxdb_two\n\ngo 1.22\n');
  writeFileSync(join(source, 'program.go'), `//go:build tools\n\npackage influxdb_two\n\nimport _ "${INFLUXD}"\n`);
  await go('get', `${INFLUXD}@${INFLUXD_VERSION}`);
  cpSync(join(modules, `${FLUX}@${FLUX_VERSION}`), join(source, 'flux'), { recursive: true });
  allowNewerRust(join(source, 'flux', 'libflux'));
  await go('mod', 'edit', '-replace', `${FLUX}=./flux`);
  const program = join(build, 'influxd');
  const tags = ['-tags', 'sqlite_foreign_keys,sqlite_json'];
  const named = ['-ldflags', `-s -w -X main.version=${INFLUXD_VERSION}`];
  await go('build', '-v', '-mod=mod', ...tags, ...named, '-o', program, INFLUXD);
  const installed = join(TOOL_CACHE, INFLUXDB_TWO.cached);
  mkdirSync(join(installed, '..'), { recursive: true });
  renameSync(program, installed);
  rmSync(build, { recursive: true, force: true });
}

/** The sources make every warning an error, and a newer compiler has new ones. */
function allowNewerRust(libflux: string): void {
  for (const name of readdirSync(libflux).filter((file) => file.startsWith('rust-toolchain'))) {
    rmSync(join(libflux, name));
  }
  for (const crate of ['flux-core', 'flux']) {
    const path = join(libflux, crate, 'src', 'lib.rs');
    const strict = 'deny(warnings, missing_docs)';
    const text = readFileSync(path, 'utf8');
    if (!text.includes(strict)) throw new Error(`${path} is not what this recipe was written for`);
    writeFileSync(path, text.replace(strict, 'allow(warnings)'));
  }
}
