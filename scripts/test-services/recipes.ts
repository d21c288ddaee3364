import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  CHROMIUM,
  type ExternalTool,
  INFLUXDB_ONE,
  INFLUXDB_TWO,
  onPath,
  PROMETHEUS,
  PYTHON_READERS,
  STRACE,
  TOOL_CACHE,
  VICTORIA_METRICS,
  WRK,
} from '../../server/test/support/external-tools.ts';
import { buildInfluxdbTwo, missingDebianPackages, missingToolchain } from './influxdb-two.ts';
import type { Shell } from './shell.ts';

/** How a missing tool comes to this machine. */
export interface Recipe {
  readonly tool: ExternalTool;
  /** For people: where it comes from. */
  readonly source: string;
  /** Undefined: this machine can install it. Else why not. */
  impossibleBecause(): string | undefined;
  /** Rejects with the reason when it does not work. */
  install(shell: Shell): Promise<void>;
}

export const RECIPES: readonly Recipe[] = [
  debianPackage(STRACE, 'strace'),
  pythonReaders(),
  debianPackage(WRK, 'wrk'),
  debianPackage(CHROMIUM, 'chromium'),
  debianPackage(INFLUXDB_ONE, 'influxdb'),
  debianPackage(VICTORIA_METRICS, 'victoria-metrics'),
  debianPackage(PROMETHEUS, 'prometheus'),
  influxdbTwo(),
];

function debianPackage(tool: ExternalTool, name: string): Recipe {
  return {
    tool,
    source: `Debian package ${name}`,
    impossibleBecause: noApt,
    install: (shell) => aptInstall(shell, [name]),
  };
}

function influxdbTwo(): Recipe {
  return {
    tool: INFLUXDB_TWO,
    source: 'its Go module, built here, which takes some minutes',
    impossibleBecause: () => missingToolchain() ?? (missingDebianPackages().length > 0 ? noApt() : undefined),
    async install(shell) {
      const packages = missingDebianPackages();
      if (packages.length > 0) await aptInstall(shell, packages);
      await buildInfluxdbTwo(shell);
    },
  };
}

function noApt(): string | undefined {
  if (!existsSync('/etc/debian_version')) return 'this is not Debian';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return undefined;
}

async function aptInstall(shell: Shell, packages: readonly string[]): Promise<void> {
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const install = () => shell.run('apt-get', ['install', '-y', '--no-install-recommends', ...wait, ...packages]);
  try {
    await install();
  } catch {
    // a fresh machine has no package lists, an old one has stale ones
    await shell.run('apt-get', ['update', ...wait]);
    await install();
  }
}

/** A virtual environment of its own in the cache folder; one that an interrupted run left is built again. */
function pythonReaders(): Recipe {
  const requirements = join(import.meta.dirname, 'requirements.txt');
  return {
    tool: PYTHON_READERS,
    source: 'Python packages of scripts/test-services/requirements.txt, in a virtual environment',
    impossibleBecause() {
      if (plainPython() === undefined && noApt() !== undefined) return 'there is no Python 3';
      return undefined;
    },
    async install(shell) {
      const folder = join(TOOL_CACHE, 'python');
      const make = async () => {
        rmSync(folder, { recursive: true, force: true });
        await shell.run(plainPython() ?? 'python3', ['-m', 'venv', folder]);
      };
      await make().catch(async (error: unknown) => {
        if (noApt() !== undefined) throw error;
        await aptInstall(shell, ['python3', 'python3-venv']);
        await make();
      });
      const python = join(TOOL_CACHE, PYTHON_READERS.cached);
      await shell.run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', requirements]);
    },
  };
}

function plainPython(): string | undefined {
  return onPath(PYTHON_READERS.commands)[0];
}
